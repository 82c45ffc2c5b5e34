//! Work log entries: one at a time here, lists in `list`, leases in `lease`, rows in `row`.

mod lease;
mod list;
mod row;
mod stored;
mod turn_calls;

use super::{Result, Tx, approvals, stats};
use crate::domain::{
    KeptBy, StorageStatus, WorkLogEntry,
    ids::{EntryId, UserId},
    time::Timestamp,
};
use sqlx::AnyConnection;

pub(super) use super::entry_size::{entry_size, text_size};
pub use lease::{find_lapsed, lapsed, of_turn_working};
pub use list::{EntryFilter, earliest, list};
pub(super) use row::{COLUMNS, EXPIRY_COLUMNS, EntryRow, HELD, kept_by, long_fields};
pub use stored::StoredEntry;
pub use turn_calls::calls_of_turns;

/// Columns of an entry's row that readers do not see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowExtras {
    /// End of the lease of a `working` entry, in milliseconds since the epoch.
    pub lease_until: Option<i64>,
    /// The idempotency key of its creation and the hash of that request.
    pub idempotency: Option<(String, String)>,
}

/// Adds an entry and counts it; sets `rev`, `expires_at` and `kept_by`.
pub async fn insert(tx: &mut Tx<'_>, entry: &mut WorkLogEntry, extras: &RowExtras) -> Result<()> {
    add_row(tx, entry, extras).await?;
    stats::count_new(tx, entry, size_of(entry)).await
}

/// Adds the row of an entry from the archive, which the caller has subtracted from the archive's
/// totals.
pub(super) async fn insert_from_archive(tx: &mut Tx<'_>, entry: &mut WorkLogEntry) -> Result<()> {
    add_row(tx, entry, &RowExtras::default()).await?;
    stats::count_row(tx, entry, size_of(entry)).await
}

async fn add_row(tx: &mut Tx<'_>, entry: &mut WorkLogEntry, extras: &RowExtras) -> Result<()> {
    entry.rev = tx.next_rev(entry.user_id).await?;
    let sql = "insert into work_logs (user_id, id, conversation_id, parent_id, turn_id, log_type, \
               status, title, details, metadata, duration_ms, \
               storage_status, created_at, updated_at, lease_until, idempotency_key, \
               idempotency_hash, rev) \
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
               $17, $18) returning ";
    let sql = sqlx::AssertSqlSafe(format!("{sql}{EXPIRY_COLUMNS}"));
    let query = sqlx::query_as::<_, Expiry>(sql)
        .bind(entry.user_id.to_string())
        .bind(entry.id.to_string());
    let query = query
        .bind(entry.conversation_id.map(|id| id.to_string()))
        .bind(entry.parent_id.map(|id| id.to_string()));
    let query = query
        .bind(entry.turn_id.map(|id| id.to_string()))
        .bind(entry.log_type.as_str())
        .bind(entry.status.as_str());
    let query = query.bind(&entry.title).bind(&entry.details);
    let query = query
        .bind(super::entry_size::metadata_json(&entry.metadata))
        .bind(entry.duration_ms);
    let query = query
        .bind(entry.storage_status.as_str())
        .bind(entry.timestamp.millis())
        .bind(entry.updated_at.millis());
    let (key, hash) = extras.idempotency.clone().unzip();
    let expiry = query
        .bind(extras.lease_until)
        .bind(key)
        .bind(hash)
        .bind(entry.rev)
        .fetch_one(&mut **tx)
        .await?;
    apply_expiry(entry, expiry, None);
    Ok(())
}

/// When an entry expires, and the kind of hold on it.
type Expiry = (Option<i64>, Option<String>);

fn apply_expiry(
    entry: &mut WorkLogEntry,
    (expires_at, held_by): Expiry,
    kept_at: Option<Timestamp>,
) {
    entry.expires_at = expires_at.map(Timestamp::from_millis);
    entry.kept_by = if kept_at.is_some() {
        Some(KeptBy::Entry)
    } else {
        held_by.as_deref().map(kept_by)
    };
}

fn size_of(entry: &WorkLogEntry) -> i64 {
    entry_size(&entry.title, entry.details.as_deref(), &entry.metadata)
}

/// Writes the mutable fields of an entry, updates the totals and sets `rev`. A warm entry becomes
/// hot until the next run packs it. `before` is the row as read in this transaction, after the
/// owner was locked.
pub async fn update(
    tx: &mut Tx<'_>,
    before: &WorkLogEntry,
    entry: &mut WorkLogEntry,
    lease_until: Option<i64>,
) -> Result<()> {
    let stored = stored_bytes(tx, before).await?;
    entry.rev = tx.next_rev(entry.user_id).await?;
    entry.storage_status = StorageStatus::Hot;
    let sql = "update work_logs set status = $3, title = $4, details = $5, metadata = $6, packed \
               = null, storage_status = $7, \
               duration_ms = $8, updated_at = $9, lease_until = $10, rev = $11 where user_id = $1 \
               and id = $2";
    let query = sqlx::query(sql)
        .bind(entry.user_id.to_string())
        .bind(entry.id.to_string())
        .bind(entry.status.as_str());
    let query = query
        .bind(&entry.title)
        .bind(&entry.details)
        .bind(super::entry_size::metadata_json(&entry.metadata));
    let query = query
        .bind(entry.storage_status.as_str())
        .bind(entry.duration_ms)
        .bind(entry.updated_at.millis());
    query
        .bind(lease_until)
        .bind(entry.rev)
        .execute(&mut **tx)
        .await?;
    stats::count_change(tx, (before, stored), (entry, size_of(entry))).await
}

/// Sets since when the owner keeps an entry, or `None`; sets `rev`, `expires_at` and `kept_by`.
/// Other columns stay: a warm entry stays packed, a lease continues.
pub async fn keep(
    tx: &mut Tx<'_>,
    entry: &mut WorkLogEntry,
    kept_at: Option<Timestamp>,
) -> Result<()> {
    entry.rev = tx.next_rev(entry.user_id).await?;
    let sql = "update work_logs set kept_at = $3, updated_at = $4, rev = $5 where user_id = $1 \
               and id = $2 returning ";
    let query = sqlx::query_as::<_, Expiry>(sqlx::AssertSqlSafe(format!("{sql}{EXPIRY_COLUMNS}")));
    let query = query
        .bind(entry.user_id.to_string())
        .bind(entry.id.to_string())
        .bind(kept_at.map(Timestamp::millis));
    let expiry = query
        .bind(entry.updated_at.millis())
        .bind(entry.rev)
        .fetch_one(&mut **tx)
        .await?;
    apply_expiry(entry, expiry, kept_at);
    Ok(())
}

/// The stored size of an entry's row: for a packed one, title and packed bytes.
async fn stored_bytes(tx: &mut Tx<'_>, entry: &WorkLogEntry) -> Result<i64> {
    if entry.storage_status == StorageStatus::Hot {
        return Ok(size_of(entry));
    }
    let sql = "select cast(length(packed) as bigint) from work_logs \
               where user_id = $1 and id = $2";
    let packed: Option<i64> = sqlx::query_scalar(sql)
        .bind(entry.user_id.to_string())
        .bind(entry.id.to_string())
        .fetch_one(&mut **tx)
        .await?;
    Ok(packed.map_or_else(|| size_of(entry), |packed| packed + text_size(&entry.title)))
}

/// One of the owner's entries.
pub async fn find(
    connection: &mut AnyConnection,
    user: UserId,
    id: EntryId,
) -> Result<Option<WorkLogEntry>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from work_logs where user_id = $1 and id = $2"
    ));
    let row = sqlx::query_as::<_, EntryRow>(sql)
        .bind(user.to_string())
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?;
    row.map(EntryRow::read).transpose()
}

/// The entry created under this idempotency key, and the hash of that request.
pub async fn by_idempotency_key(
    connection: &mut AnyConnection,
    user: UserId,
    key: &str,
) -> Result<Option<(EntryId, String)>> {
    let sql =
        "select id, idempotency_hash from work_logs where user_id = $1 and idempotency_key = $2";
    let row: Option<(String, String)> = sqlx::query_as(sql)
        .bind(user.to_string())
        .bind(key)
        .fetch_optional(connection)
        .await?;
    row.map(|(id, hash)| Ok((super::parse_column("id", &id)?, hash)))
        .transpose()
}

/// Deletes an entry; its totals stay.
pub async fn delete(tx: &mut Tx<'_>, entry: &WorkLogEntry) -> Result<()> {
    let stored = stored_bytes(tx, entry).await?;
    stats::move_to_deleted(tx, entry, stored).await?;
    tx.mark_text_deleted();
    approvals::delete(tx, entry.user_id, &[entry.id]).await?;
    let sql = "delete from work_logs where user_id = $1 and id = $2";
    sqlx::query(sql)
        .bind(entry.user_id.to_string())
        .bind(entry.id.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}
