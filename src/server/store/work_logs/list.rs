//! Many entries at once: newest first, filtered, a page at a time.

use super::{COLUMNS, EntryRow};
use crate::{
    ids::{ConversationId, EntryId, UserId},
    server::store::Result,
    work_log::{LogType, Status, StorageStatus, WorkLogEntry},
};
use sqlx::AnyConnection;

/// Which entries; `None` leaves a field open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// Only of this conversation.
    pub conversation_id: Option<ConversationId>,
    /// Only of this kind.
    pub log_type: Option<LogType>,
    /// Only those that stand so.
    pub status: Option<Status>,
    /// Only of this tier.
    pub storage_status: Option<StorageStatus>,
    /// Only those whose title or details contain this text, A to Z in upper and lower case alike.
    pub text: Option<String>,
}

/// The owner's entries that pass the filter and are older than `before`, newest first, at most `limit`.
pub async fn list(
    connection: &mut AnyConnection,
    user: UserId,
    filter: &EntryFilter,
    before: Option<EntryId>,
    limit: i64,
) -> Result<Vec<WorkLogEntry>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from work_logs where user_id = $1 and ($2 is null or conversation_id = $2) and ($3 is null or log_type = $3) \
         and ($4 is null or status = $4) and ($5 is null or storage_status = $5) and ($6 is null or id < $6) \
         and ($7 is null or lower(title) like $7 escape '\\' or lower(details) like $7 escape '\\') order by id desc limit $8"
    ));
    let query = sqlx::query_as::<_, EntryRow>(sql).bind(user.to_string()).bind(filter.conversation_id.map(|id| id.to_string()));
    let query = query.bind(filter.log_type.map(|kind| kind.to_string())).bind(filter.status.map(|status| status.to_string()));
    let query = query.bind(filter.storage_status.map(|tier| tier.to_string())).bind(before.map(|id| id.to_string()));
    let rows = query.bind(filter.text.as_deref().map(containing)).bind(limit).fetch_all(connection).await?;
    rows.into_iter().map(EntryRow::read).collect()
}

/// A conversation's oldest entries from `from` on, oldest first, at most `limit`.
pub async fn earliest(
    connection: &mut AnyConnection,
    user: UserId,
    conversation: ConversationId,
    from: EntryId,
    limit: i64,
) -> Result<Vec<WorkLogEntry>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from work_logs where user_id = $1 and conversation_id = $2 and id >= $3 order by id limit $4"
    ));
    let query = sqlx::query_as::<_, EntryRow>(sql).bind(user.to_string()).bind(conversation.to_string());
    let rows = query.bind(from.to_string()).bind(limit).fetch_all(connection).await?;
    rows.into_iter().map(EntryRow::read).collect()
}

/// The LIKE pattern for "contains `text`", whose own wildcards stand for themselves. Only A to Z are lowered: that is what
/// `lower` does in both databases.
fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.to_ascii_lowercase().replace('\0', " ").chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}
