//! Objects as lists read them.

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
        parsed,
        work_logs::kept_by,
    },
};
use sqlx::AnyConnection;

/// An object as lists read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedObjectRow {
    /// Its name.
    pub key: String,
    /// Hex SHA-256 of its bytes.
    pub sha256: String,
    /// Cold, or archived.
    pub tier: StorageStatus,
    /// When it was put.
    pub archived_at: Timestamp,
    /// The oldest id in it.
    pub first_id: EntryId,
    /// The newest id in it.
    pub last_id: EntryId,
    /// How many entries in it count.
    pub entries: i64,
    /// The age at which its entries expire, in days; `None` while they do not.
    pub cold_days: Option<i64>,
    /// Who keeps them from expiring, beside their owner's word on each.
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

/// Which objects a list looks into.
#[derive(Debug, Clone, Copy, Default)]
pub struct ObjectFilter {
    /// Only of this conversation.
    pub conversation_id: Option<ConversationId>,
    /// Only of this tier.
    pub tier: Option<StorageStatus>,
    /// Only where there are ids from here up.
    pub from: Option<EntryId>,
    /// Only where there are ids below this one.
    pub below: Option<EntryId>,
}

/// What a list reads of an object.
const SHELF: &str = concat!(
    "select key, sha256, tier, archived_at, first_id, last_id, case when kept = 1 or ",
    held!("archive_objects"),
    " then null else (select cold_days from retention_policy) end as cold_days, ",
    held_by!("archive_objects"),
    " as held_by, entries from archive_objects where user_id = $1 and state = 'active' and entries > 0"
);

/// In which order objects are gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By the newest id in each, downward.
    NewestFirst,
    /// By the oldest id in each, upward.
    OldestFirst,
}

/// The owner's objects in reach that come after `after`, at most `limit`.
pub async fn list(
    connection: &mut AnyConnection,
    user: UserId,
    reach: ObjectFilter,
    order: Order,
    after: Option<&ArchivedObjectRow>,
    limit: i64,
) -> Result<Vec<ArchivedObjectRow>> {
    let (newest, oldest, key) = (
        after.map(|shelf| shelf.last_id),
        after.map(|shelf| shelf.first_id),
        after.map(|shelf| &shelf.key),
    );
    let reached = Conditions::from(3)
        .and("conversation_id = ?", reach.conversation_id)
        .and("tier = ?", reach.tier);
    let reached = reached
        .and("last_id >= ?", reach.from)
        .and("first_id < ?", reach.below);
    let n = reached.next();
    let (reached, order) = match order {
        Order::NewestFirst => (
            reached
                .and("last_id <= ?", newest)
                .and(&format!("(last_id < ${n} or key < ?)"), key),
            "last_id desc, key desc",
        ),
        Order::OldestFirst => (
            reached
                .and("first_id >= ?", oldest)
                .and(&format!("(first_id > ${n} or key > ?)"), key),
            "first_id, key",
        ),
    };
    let sql = sqlx::AssertSqlSafe(format!("{SHELF}{} order by {order} limit $2", reached.sql));
    let query = sqlx::query_as::<_, RawObjectRow>(sql)
        .bind(user.to_string())
        .bind(limit);
    let query = reached
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
            tier: parsed("tier", &self.tier)?,
            archived_at: Timestamp::from_millis(self.archived_at),
            first_id: parsed("first_id", &self.first_id)?,
            last_id: parsed("last_id", &self.last_id)?,
            entries: self.entries,
            cold_days: self.cold_days,
            held_by: self.held_by.as_deref().map(kept_by),
        })
    }
}
