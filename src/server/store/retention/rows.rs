//! Rows that change their tier, expire, or are deleted with their conversation. Changes name owner,
//! id and revision, so a row that changed in between is left alone.

use crate::{
    domain::{
        StorageStatus, WorkLogEntry,
        ids::{ConversationId, EntryId, UserId},
        time::{DAY_MS, Timestamp},
    },
    server::{
        base::error::StoreError,
        store::{
            Result, Tx, approvals,
            entry_size::text_size,
            files, packing, parse_column, placeholders,
            retention::due::DueGroup,
            stats::{Changes, EntryTotals},
            work_logs::{self, COLUMNS, EntryRow, HELD, StoredEntry, long_fields},
        },
    },
};
use sqlx::AnyConnection;
use std::collections::HashSet;

/// Rows per transaction, which limits how long other writers wait. Smaller in tests.
pub const CHANGE_BATCH_SIZE: usize = if cfg!(test) { 3 } else { 8 };

/// Rows read at a time when a conversation is deleted.
const COUNT_BATCH_SIZE: i64 = 500;

/// A row with its stored size.
#[derive(Debug, Clone, PartialEq)]
pub struct TieredRow {
    /// The entry.
    pub entry: StoredEntry,
    /// Hot or warm.
    pub tier: StorageStatus,
    /// Stored size in bytes.
    pub stored_bytes: i64,
}

impl TieredRow {
    fn from_row(row: EntryRow) -> Result<Self> {
        let (tier, packed) = row.tier()?;
        let entry = row.stored()?;
        Ok(Self {
            stored_bytes: stored_bytes(&entry, packed),
            entry,
            tier,
        })
    }

    /// Adds (`sign` 1) or subtracts (`sign` -1) it in its tier.
    pub fn count(&self, changes: &mut Changes, sign: i64) {
        let entry = &self.entry;
        let line = (
            entry.timestamp.day(),
            entry.log_type,
            entry.status,
            self.tier.as_str(),
        );
        changes.count(
            line,
            EntryTotals::new(
                entry.size(),
                self.stored_bytes,
                entry.duration_ms,
                &entry.metadata,
            ),
            sign,
        );
    }

    fn count_deleted(&self, changes: &mut Changes) {
        self.count(changes, -1);
        let entry = &self.entry;
        let totals = EntryTotals::new(entry.size(), 0, entry.duration_ms, &entry.metadata);
        changes.count_deleted(
            (entry.timestamp.day(), entry.log_type, entry.status),
            totals,
        );
    }
}

/// The stored size of a row; `packed` is the size of its packed fields, if they are packed.
fn stored_bytes(entry: &StoredEntry, packed: Option<usize>) -> i64 {
    packed.map_or_else(
        || entry.size(),
        |packed| packed as i64 + text_size(&entry.title),
    )
}

/// The settled rows of a group after `after`, oldest first, at most `limit`. Rows created at or
/// before `expired` are excluded unless they are kept or held.
pub async fn of_group(
    connection: &mut AnyConnection,
    group: &DueGroup,
    expired: Timestamp,
    after: Option<EntryId>,
    limit: i64,
) -> Result<Vec<TieredRow>> {
    let in_conversation = if group.conversation_id.is_some() {
        "conversation_id = $2"
    } else {
        "conversation_id is null and cast($2 as text) is null"
    };
    let kept = if group.kept {
        "kept_at is not null"
    } else {
        "kept_at is null"
    };
    let is_after = if after.is_some() { "id <> $6" } else { "true" };
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from work_logs where user_id = $1 and {in_conversation} and created_at \
         >= $3 and created_at < $4 and {kept} \
         and status <> 'working' and (created_at > $5 or kept_at is not null or {HELD}) and \
         {is_after} and id between $6 and $7 order by id limit $8"
    ));
    let query = sqlx::query_as::<_, EntryRow>(sql).bind(group.user_id.to_string());
    let query = query.bind(group.conversation_id.map(|id| id.to_string()));
    let query = query
        .bind(group.day * DAY_MS)
        .bind((group.day + 1) * DAY_MS)
        .bind(expired.millis());
    let query = query
        .bind(after.unwrap_or(group.ids.0).to_string())
        .bind(group.ids.1.to_string());
    query
        .bind(limit)
        .fetch_all(connection)
        .await?
        .into_iter()
        .map(TieredRow::from_row)
        .collect()
}

/// The current rows with these ids; for a few ids.
pub async fn by_id(
    connection: &mut AnyConnection,
    user: UserId,
    ids: &[EntryId],
) -> Result<Vec<TieredRow>> {
    let ids_in = placeholders(2, 1, ids.len(), "");
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from work_logs where user_id = $1 and id in {ids_in} order by id"
    ));
    let query = sqlx::query_as::<_, EntryRow>(sql).bind(user.to_string());
    let query = ids
        .iter()
        .fold(query, |query, id| query.bind(id.to_string()));
    query
        .fetch_all(connection)
        .await?
        .into_iter()
        .map(TieredRow::from_row)
        .collect()
}

/// A row to make warm, with its packed fields if packing saves enough.
#[derive(Debug, Clone, PartialEq)]
pub struct Packed {
    row: TieredRow,
    packed: Option<Vec<u8>>,
}

impl Packed {
    /// Packs a row's fields.
    pub fn new(row: TieredRow) -> Result<Self> {
        let packed = packing::pack(&long_fields(&row.entry));
        let packed = packed.map_err(|why| StoreError::Corrupt {
            what: "details",
            why: why.to_string(),
        })?;
        Ok(Self { row, packed })
    }
}

/// Makes hot rows of a user warm; their `rev` stays. Returns their number; rows that changed in
/// between are skipped. The caller holds the owner's lock.
pub async fn pack(
    tx: &mut Tx<'_>,
    user: UserId,
    packed: &[Packed],
    changes: &mut Changes,
) -> Result<usize> {
    // both databases name the columns of a `values` list column1, column2, …
    let sql = format!(
        "update work_logs set storage_status = 'warm', packed = fresh.column3, \
         details = case when fresh.column3 is null then details end, \
         metadata = case when fresh.column3 is null then metadata else '' end \
         from (values {}) as fresh where work_logs.user_id = $1 and work_logs.id = fresh.column1 \
         and work_logs.rev = fresh.column2 \
         and work_logs.storage_status = 'hot' and work_logs.status <> 'working' returning \
         work_logs.id",
        placeholders(2, packed.len(), 3, "")
    );
    let mut query =
        sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(sql)).bind(user.to_string());
    for Packed { row, packed } in packed {
        query = query
            .bind(row.entry.id.to_string())
            .bind(row.entry.rev)
            .bind(packed.as_deref());
    }
    let updated = parse_ids(query.fetch_all(&mut **tx).await?)?;
    for Packed { row, packed } in packed
        .iter()
        .filter(|packed| updated.contains(&packed.row.entry.id))
    {
        row.count(changes, -1);
        TieredRow {
            tier: StorageStatus::Warm,
            stored_bytes: stored_bytes(&row.entry, packed.as_ref().map(Vec::len)),
            ..row.clone()
        }
        .count(changes, 1);
    }
    Ok(updated.len())
}

/// Deletes the rows that still have these revisions and returns their ids. The caller holds the
/// owner's lock.
pub async fn delete_exactly(
    tx: &mut Tx<'_>,
    user: UserId,
    rows: &[(EntryId, i64)],
) -> Result<HashSet<EntryId>> {
    delete_where(tx, user, rows, "").await
}

/// Deletes expired rows that still have these revisions and are neither kept nor held; marks the
/// files they produced for deletion. The caller holds the owner's lock.
pub async fn expire(
    tx: &mut Tx<'_>,
    user: UserId,
    rows: &[TieredRow],
    changes: &mut Changes,
) -> Result<usize> {
    let revisions: Vec<_> = rows
        .iter()
        .map(|row| (row.entry.id, row.entry.rev))
        .collect();
    tx.mark_text_deleted();
    let deleted = delete_where(
        tx,
        user,
        &revisions,
        &format!(" and kept_at is null and not {HELD}"),
    )
    .await?;
    for row in rows.iter().filter(|row| deleted.contains(&row.entry.id)) {
        row.count_deleted(changes);
        files::mark_produced(tx, user, row.entry.conversation_id, &row.entry.metadata).await?;
    }
    Ok(deleted.len())
}

/// Deletes all rows of a conversation and returns their number; their totals stay. They are counted
/// in batches. The caller holds the owner's lock.
pub async fn delete_conversation(
    tx: &mut Tx<'_>,
    user: UserId,
    conversation: ConversationId,
) -> Result<i64> {
    let sql = format!(
        "select {COLUMNS} from work_logs where user_id = $1 and conversation_id = $2 and id > $3 \
         order by id limit $4"
    );
    let (mut changes, mut after) = (Changes::default(), String::new());
    loop {
        let query = sqlx::query_as::<_, EntryRow>(sqlx::AssertSqlSafe(sql.as_str()))
            .bind(user.to_string())
            .bind(conversation.to_string());
        let rows = query
            .bind(&after)
            .bind(COUNT_BATCH_SIZE)
            .fetch_all(&mut **tx)
            .await?;
        let rows = rows
            .into_iter()
            .map(TieredRow::from_row)
            .collect::<Result<Vec<_>>>()?;
        let Some(last) = rows.last() else { break };
        after = last.entry.id.to_string();
        rows.iter().for_each(|row| row.count_deleted(&mut changes));
    }
    changes.write(tx, user).await?;
    tx.mark_text_deleted();
    approvals::delete_of_conversation(tx, user, conversation).await?;
    let sql = "delete from work_logs where user_id = $1 and conversation_id = $2";
    let deleted = sqlx::query(sql)
        .bind(user.to_string())
        .bind(conversation.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(deleted.rows_affected() as i64)
}

/// No two rows of an owner ever have the same revision, so separate lists of ids and revisions
/// identify the pairs, and the primary key is used.
async fn delete_where(
    tx: &mut Tx<'_>,
    user: UserId,
    rows: &[(EntryId, i64)],
    condition: &str,
) -> Result<HashSet<EntryId>> {
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let (ids, revs) = (
        placeholders(2, 1, rows.len(), ""),
        placeholders(2 + rows.len(), 1, rows.len(), ""),
    );
    let sql = format!(
        "delete from work_logs where user_id = $1 and id in {ids} and rev in {revs}{condition} \
         returning id"
    );
    let query = sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(sql)).bind(user.to_string());
    let query = rows
        .iter()
        .fold(query, |query, (id, _)| query.bind(id.to_string()));
    let query = rows.iter().fold(query, |query, (_, rev)| query.bind(*rev));
    let deleted = parse_ids(query.fetch_all(&mut **tx).await?)?;
    approvals::delete(tx, user, &Vec::from_iter(deleted.iter().copied())).await?;
    Ok(deleted)
}

fn parse_ids(ids: Vec<String>) -> Result<HashSet<EntryId>> {
    ids.iter().map(|id| parse_column("id", id)).collect()
}

/// Inserts an archived entry as a hot row with a new revision, so that it can change.
pub async fn restore(tx: &mut Tx<'_>, entry: StoredEntry) -> Result<WorkLogEntry> {
    let kept_at = entry.kept_at;
    let mut entry = entry.into_entry(StorageStatus::Hot, (None, None), None);
    work_logs::insert_from_archive(tx, &mut entry).await?;
    if kept_at.is_some() {
        work_logs::keep(tx, &mut entry, kept_at).await?;
    }
    Ok(entry)
}

/// Raises the owner's floor: cursors below it become invalid, because rows above them were deleted
/// without a tombstone in the feed.
pub async fn raise_floor(tx: &mut Tx<'_>, user: UserId, rev: i64) -> Result<()> {
    let sql = "update heads set floor = $2 where user_id = $1 and floor < $2";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(rev)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
