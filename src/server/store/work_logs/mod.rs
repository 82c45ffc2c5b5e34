//! Work log entries: rows in `row`, one at a time here, many in `list`, leases in `lease`.

mod lease;
mod list;
mod row;

use super::{Result, Tx, stats};
use crate::{
    ids::{ConversationId, EntryId, UserId},
    work_log::WorkLogEntry,
};
use sqlx::AnyConnection;

pub use lease::{find_lapsed, lapsed, of_turn_working};
pub use list::{EntryFilter, earliest, list};
pub(in crate::server) use row::expiry;
pub(super) use row::{COLUMNS, EntryRow};

/// What an entry's row holds beside what readers see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// Until when it may be `working` without a sign of life, in milliseconds since the epoch.
    pub lease_until: Option<i64>,
    /// The key under which its creation may be repeated, and the hash of what was asked then.
    pub idempotency: Option<(String, String)>,
}

/// Adds an entry and counts it; its `rev` is set here.
pub async fn insert(tx: &mut Tx<'_>, entry: &mut WorkLogEntry, held: &Held) -> Result<()> {
    row::make_storable(entry);
    entry.rev = tx.next_rev(entry.user_id).await?;
    let sql = "insert into work_logs (user_id, id, conversation_id, parent_id, turn_id, log_type, status, title, details, metadata, duration_ms, \
               storage_status, created_at, updated_at, kept_at, lease_until, idempotency_key, idempotency_hash, rev) \
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
    let query = sqlx::query(sql).bind(entry.user_id.to_string()).bind(entry.id.to_string());
    let query = query.bind(entry.conversation_id.map(|id| id.to_string())).bind(entry.parent_id.map(|id| id.to_string()));
    let query = query.bind(entry.turn_id.map(|id| id.to_string())).bind(entry.log_type.as_str()).bind(entry.status.as_str());
    let query = query.bind(&entry.title).bind(entry.details.as_deref()).bind(row::metadata_json(entry)).bind(entry.duration_ms);
    let query = query.bind(entry.storage_status.as_str()).bind(entry.timestamp.millis()).bind(entry.updated_at.millis());
    let query = query.bind(row::kept_at(entry)).bind(held.lease_until);
    let (key, hash) = held.idempotency.clone().unzip();
    query.bind(key).bind(hash).bind(entry.rev).execute(&mut **tx).await?;
    stats::count(tx, entry, 1).await
}

/// Writes what may change about an entry and counts it anew; its `rev` is set here. `before` is the row as it was read
/// in this transaction, after the owner was locked.
pub async fn update(tx: &mut Tx<'_>, before: &WorkLogEntry, entry: &mut WorkLogEntry, lease_until: Option<i64>) -> Result<()> {
    stats::count(tx, before, -1).await?;
    row::make_storable(entry);
    entry.rev = tx.next_rev(entry.user_id).await?;
    let sql = "update work_logs set status = $3, title = $4, details = $5, metadata = $6, duration_ms = $7, updated_at = $8, kept_at = $9, \
               lease_until = $10, rev = $11 where user_id = $1 and id = $2";
    let query = sqlx::query(sql).bind(entry.user_id.to_string()).bind(entry.id.to_string()).bind(entry.status.as_str());
    let query = query.bind(&entry.title).bind(entry.details.as_deref()).bind(row::metadata_json(entry)).bind(entry.duration_ms);
    let query = query.bind(entry.updated_at.millis()).bind(row::kept_at(entry)).bind(lease_until).bind(entry.rev);
    query.execute(&mut **tx).await?;
    stats::count(tx, entry, 1).await
}

/// One entry of its owner.
pub async fn find(connection: &mut AnyConnection, user: UserId, id: EntryId) -> Result<Option<WorkLogEntry>> {
    let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from work_logs where user_id = $1 and id = $2"));
    let row = sqlx::query_as::<_, EntryRow>(sql).bind(user.to_string()).bind(id.to_string()).fetch_optional(connection).await?;
    row.map(EntryRow::read).transpose()
}

/// The entry that was made under this idempotency key, with the hash of what was asked then.
pub async fn by_idempotency_key(connection: &mut AnyConnection, user: UserId, key: &str) -> Result<Option<(EntryId, String)>> {
    let sql = "select id, idempotency_hash from work_logs where user_id = $1 and idempotency_key = $2";
    let row: Option<(String, String)> = sqlx::query_as(sql).bind(user.to_string()).bind(key).fetch_optional(connection).await?;
    row.map(|(id, hash)| Ok((super::parsed("id", &id)?, hash))).transpose()
}

/// Deletes one entry; its totals stay.
pub async fn delete(tx: &mut Tx<'_>, entry: &WorkLogEntry) -> Result<()> {
    stats::move_to_deleted(tx, entry).await?;
    let sql = "delete from work_logs where user_id = $1 and id = $2";
    sqlx::query(sql).bind(entry.user_id.to_string()).bind(entry.id.to_string()).execute(&mut **tx).await?;
    Ok(())
}

/// Deletes all entries of a conversation; their totals stay.
pub async fn delete_conversation(tx: &mut Tx<'_>, user: UserId, conversation: ConversationId) -> Result<()> {
    let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from work_logs where user_id = $1 and conversation_id = $2"));
    let rows = sqlx::query_as::<_, EntryRow>(sql).bind(user.to_string()).bind(conversation.to_string()).fetch_all(&mut **tx).await?;
    for row in rows {
        delete(tx, &row.read()?).await?;
    }
    Ok(())
}
