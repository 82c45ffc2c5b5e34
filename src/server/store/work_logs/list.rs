//! Lists of entries: filtered and paged.

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

/// Filters entries; `None` matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// The conversation.
    pub conversation_id: Option<ConversationId>,
    /// The log type.
    pub log_type: Option<LogType>,
    /// The status.
    pub status: Option<Status>,
    /// The tier.
    pub storage_status: Option<StorageStatus>,
    /// Text contained in title or details; A to Z match regardless of case.
    pub text: Option<String>,
}

/// Rows read at a time while a search unpacks warm rows.
const SEARCH_BATCH_SIZE: i64 = 500;

/// The owner's rows that match the filter and are older than `before`, newest first, at most
/// `limit`. For archived entries see `archive::reader`.
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
            limit.max(SEARCH_BATCH_SIZE),
        )
        .await?;
        let full = rows.len() as i64 == limit.max(SEARCH_BATCH_SIZE);
        before = rows.last().map(|entry| entry.id);
        found.extend(rows.into_iter().filter(|entry| {
            (entry.storage_status == StorageStatus::Hot && is_searchable_in_sql(text))
                || contains(entry, text)
        }));
        if !full || found.len() as i64 >= limit {
            found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            return Ok(found);
        }
    }
}

/// A page of rows. With a text filter these are the plain rows in which the database finds the
/// text, and all packed rows, which `list` unpacks.
async fn page(
    connection: &mut AnyConnection,
    user: UserId,
    filter: &EntryFilter,
    before: Option<EntryId>,
    limit: i64,
) -> Result<Vec<WorkLogEntry>> {
    const TEXT: &str = "(lower(title) like ? escape '\\' or lower(details) like ? escape '\\' or \
                        packed is not null)";
    let conditions = Conditions::new(3)
        .and("conversation_id = ?", filter.conversation_id)
        .and("log_type = ?", filter.log_type);
    let conditions = conditions
        .and("status = ?", filter.status)
        .and("storage_status = ?", filter.storage_status)
        .and("id < ?", before);
    let text = filter
        .text
        .as_deref()
        .filter(|text| is_searchable_in_sql(text));
    let conditions = conditions.and(TEXT, text.map(like_pattern));
    let sql = format!(
        "select {COLUMNS} from work_logs where user_id = $1{} order by id desc limit $2",
        conditions.sql
    );
    let query = sqlx::query_as::<_, EntryRow>(sqlx::AssertSqlSafe(sql))
        .bind(user.to_string())
        .bind(limit);
    let rows = conditions
        .values
        .into_iter()
        .fold(query, |query, value| query.bind(value))
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(EntryRow::read).collect()
}

impl EntryFilter {
    /// Whether an entry of any tier matches, by the same rules as for rows.
    pub fn matches(&self, entry: &WorkLogEntry) -> bool {
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

/// Whether the database can search for the text. Earlier versions stored NUL in other forms.
fn is_searchable_in_sql(text: &str) -> bool {
    !text.contains(['\0', nul::SYMBOL, nul::SIGN])
}

/// Whether title or details contain the text; A to Z match regardless of case.
fn contains(entry: &WorkLogEntry, text: &str) -> bool {
    let mut text = text.to_ascii_lowercase();
    nul::read(&mut text);
    let within = |field: &str| field.to_ascii_lowercase().contains(&text);
    within(&entry.title) || entry.details.as_deref().is_some_and(within)
}

/// A conversation's entries from `from` on, oldest first, at most `limit`.
pub async fn earliest(
    connection: &mut AnyConnection,
    user: UserId,
    conversation: ConversationId,
    from: EntryId,
    limit: i64,
) -> Result<Vec<WorkLogEntry>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from work_logs where user_id = $1 and conversation_id = $2 and id >= $3 \
         order by id limit $4"
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

/// The LIKE pattern for "contains `text`", with its wildcards escaped. Only A to Z are lowercased,
/// as `lower` does in both databases.
fn like_pattern(text: &str) -> String {
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
