//! Reading the log.

use crate::{
    ids::{ConversationId, EntryId, UserId},
    server::{
        error::{Error, Result},
        store::{
            Reader, conversations, stats,
            work_logs::{self, EntryFilter},
        },
    },
    timestamp::Timestamp,
    work_log::WorkLogEntry,
};

/// The owner's entries that pass the filter, newest first, older than `before`, at most `limit`.
pub async fn recent_logs(
    reader: &mut Reader,
    user: UserId,
    filter: &EntryFilter,
    before: Option<EntryId>,
    limit: i64,
) -> Result<Vec<WorkLogEntry>> {
    if let Some(id) = filter.conversation_id {
        conversations::find(reader, user, id).await?.ok_or(Error::NotFound("conversation"))?;
    }
    Ok(work_logs::list(reader, user, filter, before, limit).await?)
}

/// A conversation's entries, newest first, older than `before`, at most `limit`.
pub async fn conversation_logs(
    reader: &mut Reader,
    user: UserId,
    conversation: ConversationId,
    before: Option<EntryId>,
    limit: i64,
) -> Result<Vec<WorkLogEntry>> {
    let filter = EntryFilter { conversation_id: Some(conversation), ..EntryFilter::default() };
    Ok(work_logs::list(reader, user, &filter, before, limit).await?)
}

/// Everybody's totals of the last `days` UTC days, today included. For admins.
pub async fn system_stats(reader: &mut Reader, now: Timestamp, days: i64) -> Result<Vec<stats::StatsLine>> {
    Ok(stats::since(reader, now.day() - days + 1).await?)
}
