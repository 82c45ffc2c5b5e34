//! Many entries at once: newest first, filtered, a page at a time.

use super::{COLUMNS, EntryRow};
use crate::{
    domain::{
        LogType, Status, StorageStatus, WorkLogEntry,
        ids::{ConversationId, EntryId, UserId},
        nul,
    },
    server::store::{Result, conditions::Conditions},
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

/// Rows read at once while a search unpacks warm ones.
const SEARCHED_AT_ONCE: i64 = 500;

/// The owner's rows that pass the filter and are older than `before`, newest first, at most
/// `limit`. What lies in the archive is `archive::reading`'s.
pub async fn list(
    connection: &mut AnyConnection,
    user: UserId,
    filter: &EntryFilter,
    before: Option<EntryId>,
    limit: i64,
) -> Result<Vec<WorkLogEntry>> {
    let Some(text) = filter.text.as_deref() else {
        return page(connection, user, filter, before, limit).await;
    };
    let (mut found, mut before) = (Vec::new(), before);
    loop {
        let rows = page(
            connection,
            user,
            filter,
            before,
            limit.max(SEARCHED_AT_ONCE),
        )
        .await?;
        let full = rows.len() as i64 == limit.max(SEARCHED_AT_ONCE);
        before = rows.last().map(|entry| entry.id);
        found.extend(rows.into_iter().filter(|entry| {
            (entry.storage_status == StorageStatus::Hot && in_database(text))
                || contains(entry, text)
        }));
        if !full || found.len() as i64 >= limit {
            found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            return Ok(found);
        }
    }
}

/// Plain rows that contain the text, as far as the database looks for it, and every packed one:
/// `list` looks into those.
async fn page(
    connection: &mut AnyConnection,
    user: UserId,
    filter: &EntryFilter,
    before: Option<EntryId>,
    limit: i64,
) -> Result<Vec<WorkLogEntry>> {
    const TEXT: &str = "(lower(title) like ? escape '\\' or lower(details) like ? escape '\\' or packed is not null)";
    let asked = Conditions::from(3)
        .and("conversation_id = ?", filter.conversation_id)
        .and("log_type = ?", filter.log_type);
    let asked = asked
        .and("status = ?", filter.status)
        .and("storage_status = ?", filter.storage_status)
        .and("id < ?", before);
    let text = filter.text.as_deref().filter(|text| in_database(text));
    let asked = asked.and(TEXT, text.map(containing));
    let sql = format!(
        "select {COLUMNS} from work_logs where user_id = $1{} order by id desc limit $2",
        asked.sql
    );
    let query = sqlx::query_as::<_, EntryRow>(sqlx::AssertSqlSafe(sql))
        .bind(user.to_string())
        .bind(limit);
    let rows = asked
        .values
        .into_iter()
        .fold(query, |query, value| query.bind(value))
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(EntryRow::read).collect()
}

impl EntryFilter {
    /// Whether an entry passes, wherever it is kept; the same rules as those of the rows.
    pub fn passes(&self, entry: &WorkLogEntry) -> bool {
        self.conversation_id
            .is_none_or(|id| entry.conversation_id == Some(id))
            && self.log_type.is_none_or(|kind| entry.log_type == kind)
            && self.status.is_none_or(|status| entry.status == status)
            && self
                .storage_status
                .is_none_or(|tier| entry.storage_status == tier)
            && self
                .text
                .as_deref()
                .is_none_or(|text| contains(entry, text))
    }
}

/// Whether the database can look for the text: earlier versions stored NUL in other forms.
fn in_database(text: &str) -> bool {
    !text.contains(['\0', nul::SYMBOL, nul::SIGN])
}

/// Whether title or details contain the text, A to Z in upper and lower case alike.
fn contains(entry: &WorkLogEntry, text: &str) -> bool {
    let mut text = text.to_ascii_lowercase();
    nul::read(&mut text);
    let within = |field: &str| field.to_ascii_lowercase().contains(&text);
    within(&entry.title) || entry.details.as_deref().is_some_and(within)
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
    let query = sqlx::query_as::<_, EntryRow>(sql)
        .bind(user.to_string())
        .bind(conversation.to_string());
    let rows = query
        .bind(from.to_string())
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(EntryRow::read).collect()
}

/// The LIKE pattern for "contains `text`", whose own wildcards stand for themselves. Only A to Z
/// are lowered: that is what `lower` does in both databases.
fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.to_ascii_lowercase().chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}
