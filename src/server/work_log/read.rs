//! Reads the log.

use crate::{
    domain::{
        WorkLogEntry,
        ids::{ConversationId, EntryId, UserId},
        time::Timestamp,
    },
    server::{
        archive::{Archive, reader},
        base::error::{Error, Result},
        store::{Reader, conversations, stats, work_logs::EntryFilter},
    },
};

/// The user's entries in all tiers that match the filter, newest first, older than `before`, at
/// most `limit`. Text is searched in the archive only if `archive_too` is set or the filter selects
/// an archived tier.
pub async fn recent_logs(
    reader: &mut Reader,
    archive: &Archive,
    user: UserId,
    (filter, archive_too): (&EntryFilter, bool),
    before: Option<EntryId>,
    limit: i64,
) -> Result<Vec<WorkLogEntry>> {
    if let Some(id) = filter.conversation_id {
        conversations::find(reader, user, id)
            .await?
            .ok_or(Error::NotFound("conversation"))?;
    }
    reader::list(reader, archive, user, (filter, archive_too), before, limit).await
}

/// A conversation's entries in all tiers, newest first, older than `before`, at most `limit`.
pub async fn conversation_logs(
    reader: &mut Reader,
    archive: &Archive,
    user: UserId,
    conversation: ConversationId,
    before: Option<EntryId>,
    limit: i64,
) -> Result<Vec<WorkLogEntry>> {
    let filter = EntryFilter {
        conversation_id: Some(conversation),
        ..EntryFilter::default()
    };
    reader::list(reader, archive, user, (&filter, false), before, limit).await
}

/// Totals over all users of the last `days` UTC days, today included. For admins.
pub async fn system_stats(
    reader: &mut Reader,
    now: Timestamp,
    days: i64,
) -> Result<Vec<stats::StatsLine>> {
    Ok(stats::since(reader, now.day() - days + 1).await?)
}
