//! The manifest rows of objects, as lists of entries need them.

use crate::{
    domain::{
        KeptBy, StorageStatus,
        ids::{ConversationId, EntryId, UserId},
        time::Timestamp,
    },
    server::store::{
        Result,
        conditions::Conditions,
        holds::{held, held_by},
        parse_column,
        work_logs::kept_by,
    },
};
use sqlx::AnyConnection;

/// An object, as lists of entries need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedObjectRow {
    /// Its key.
    pub key: String,
    /// Hex SHA-256 of its bytes.
    pub sha256: String,
    /// Cold or archived.
    pub tier: StorageStatus,
    /// When it was written.
    pub archived_at: Timestamp,
    /// The lowest entry id.
    pub first_id: EntryId,
    /// The highest entry id.
    pub last_id: EntryId,
    /// Number of counted entries, without tombstones.
    pub entries: i64,
    /// The age at which its entries expire, in days; `None` if they do not.
    pub cold_days: Option<i64>,
    /// The hold on its entries, if any.
    pub held_by: Option<KeptBy>,
}

#[derive(sqlx::FromRow)]
struct RawObjectRow {
    key: String,
    sha256: String,
    tier: String,
    archived_at: i64,
    first_id: String,
    last_id: String,
    entries: i64,
    cold_days: Option<i64>,
    held_by: Option<String>,
}

/// Filters objects.
#[derive(Debug, Clone, Copy, Default)]
pub struct ObjectFilter {
    /// The conversation.
    pub conversation_id: Option<ConversationId>,
    /// The tier.
    pub tier: Option<StorageStatus>,
    /// Only objects that may contain this id or a higher one.
    pub from: Option<EntryId>,
    /// Only objects that may contain a lower id than this.
    pub below: Option<EntryId>,
}

/// Selects the columns of a [`RawObjectRow`].
const SELECT_OBJECTS: &str = concat!(
    "select key, sha256, tier, archived_at, first_id, last_id, case when kept = 1 or ",
    held!("archive_objects"),
    " then null else (select cold_days from retention_policy) end as cold_days, ",
    held_by!("archive_objects"),
    " as held_by, entries from archive_objects where user_id = $1 and state = 'active' and \
     entries > 0"
);

/// The order of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By the highest id in each, descending.
    NewestFirst,
    /// By the lowest id in each, ascending.
    OldestFirst,
}

/// The owner's objects that match the filter and follow `after`, at most `limit`.
pub async fn list(
    connection: &mut AnyConnection,
    user: UserId,
    filter: ObjectFilter,
    order: Order,
    after: Option<&ArchivedObjectRow>,
    limit: i64,
) -> Result<Vec<ArchivedObjectRow>> {
    let (newest, oldest, key) = (
        after.map(|object| object.last_id),
        after.map(|object| object.first_id),
        after.map(|object| &object.key),
    );
    let conditions = Conditions::new(3)
        .and("conversation_id = ?", filter.conversation_id)
        .and("tier = ?", filter.tier);
    let conditions = conditions
        .and("last_id >= ?", filter.from)
        .and("first_id < ?", filter.below);
    let n = conditions.next();
    let (conditions, order) = match order {
        Order::NewestFirst => (
            conditions
                .and("last_id <= ?", newest)
                .and(&format!("(last_id < ${n} or key < ?)"), key),
            "last_id desc, key desc",
        ),
        Order::OldestFirst => (
            conditions
                .and("first_id >= ?", oldest)
                .and(&format!("(first_id > ${n} or key > ?)"), key),
            "first_id, key",
        ),
    };
    let sql = sqlx::AssertSqlSafe(format!(
        "{SELECT_OBJECTS}{} order by {order} limit $2",
        conditions.sql
    ));
    let query = sqlx::query_as::<_, RawObjectRow>(sql)
        .bind(user.to_string())
        .bind(limit);
    let query = conditions
        .values
        .into_iter()
        .fold(query, |query, value| query.bind(value));
    query
        .fetch_all(connection)
        .await?
        .into_iter()
        .map(RawObjectRow::read)
        .collect()
}

impl RawObjectRow {
    fn read(self) -> Result<ArchivedObjectRow> {
        Ok(ArchivedObjectRow {
            key: self.key,
            sha256: self.sha256,
            tier: parse_column("tier", &self.tier)?,
            archived_at: Timestamp::from_millis(self.archived_at),
            first_id: parse_column("first_id", &self.first_id)?,
            last_id: parse_column("last_id", &self.last_id)?,
            entries: self.entries,
            cold_days: self.cold_days,
            held_by: self.held_by.as_deref().map(kept_by),
        })
    }
}
