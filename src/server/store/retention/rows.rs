//! Rows that change their tier, expire, or go with their conversation. Retention's changes name
//! owner, id and revision: a row that changed meanwhile stays.

use crate::{
    domain::{
        StorageStatus, WorkLogEntry,
        ids::{ConversationId, EntryId, UserId},
        time::{DAY_MS, Timestamp},
    },
    server::{
        base::error::StoreError,
        store::{
            Result, Tx,
            entry_size::text_size,
            files, marks, packing, parsed,
            retention::due::DueGroup,
            stats::{Changes, EntryTotals},
            work_logs::{self, COLUMNS, EntryRow, HELD, StoredEntry, long},
        },
    },
};
use sqlx::AnyConnection;
use std::collections::HashSet;

/// Rows changed in one transaction: whoever writes meanwhile waits for no more than these. Tests
/// have fewer rows.
pub const CHANGED_AT_ONCE: usize = if cfg!(test) { 3 } else { 8 };

/// Rows counted together that go with their conversation.
const COUNTED_AT_ONCE: i64 = 500;

/// A row with what it takes now.
#[derive(Debug, Clone, PartialEq)]
pub struct TieredRow {
    /// What it holds.
    pub entry: StoredEntry,
    /// Hot or warm.
    pub tier: StorageStatus,
    /// What it takes.
    pub stored_bytes: i64,
}

impl TieredRow {
    fn of(row: EntryRow) -> Result<Self> {
        let (tier, packed) = row.tier()?;
        let entry = row.stored()?;
        Ok(Self {
            stored_bytes: stored_bytes(&entry, packed),
            entry,
            tier,
        })
    }

    /// Counts it in (`sign` 1) or out (`sign` -1) of its tier.
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
            EntryTotals::of(
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
        let figures = EntryTotals::of(entry.size(), 0, entry.duration_ms, &entry.metadata);
        changes.count_deleted(
            (entry.timestamp.day(), entry.log_type, entry.status),
            figures,
        );
    }
}

/// What an entry's row takes whose fields are packed to so many bytes, or plain.
fn stored_bytes(entry: &StoredEntry, packed: Option<usize>) -> i64 {
    packed.map_or_else(
        || entry.size(),
        |packed| packed as i64 + text_size(&entry.title),
    )
}

/// The settled rows of a group after `after`, oldest first, at most `limit`. Those made at or
/// before `expired` are left out unless something keeps them.
pub async fn of_group(
    connection: &mut AnyConnection,
    group: &DueGroup,
    expired: Timestamp,
    after: Option<EntryId>,
    limit: i64,
) -> Result<Vec<TieredRow>> {
    let place = if group.conversation_id.is_some() {
        "conversation_id = $2"
    } else {
        "conversation_id is null and cast($2 as text) is null"
    };
    let kept = if group.kept {
        "kept_at is not null"
    } else {
        "kept_at is null"
    };
    let beyond = if after.is_some() { "id <> $6" } else { "true" };
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from work_logs where user_id = $1 and {place} and created_at >= $3 and created_at < $4 and {kept} \
         and status <> 'working' and (created_at > $5 or kept_at is not null or {HELD}) and {beyond} \
         and id between $6 and $7 order by id limit $8"
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
        .map(TieredRow::of)
        .collect()
}

/// Rows by their ids, as they are now; a handful.
pub async fn by_id(
    connection: &mut AnyConnection,
    user: UserId,
    ids: &[EntryId],
) -> Result<Vec<TieredRow>> {
    let ids_in = marks(2, 1, ids.len(), "");
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
        .map(TieredRow::of)
        .collect()
}

/// A row that is to become warm, with its packed fields where packing saves enough.
#[derive(Debug, Clone, PartialEq)]
pub struct Packed {
    row: TieredRow,
    packed: Option<Vec<u8>>,
}

impl Packed {
    /// Packs a row's long fields.
    pub fn of(row: TieredRow) -> Result<Self> {
        let packed = packing::pack(&long(&row.entry));
        let packed = packed.map_err(|why| StoreError::Corrupt {
            what: "details",
            why: why.to_string(),
        })?;
        Ok(Self { row, packed })
    }
}

/// Makes hot rows of one person warm, with their fields packed or as they are; their `rev` stays.
/// Returns how many: one that changed meanwhile stays as it is. The caller holds the owner's lock.
pub async fn pack(
    tx: &mut Tx<'_>,
    user: UserId,
    packed: &[Packed],
    changes: &mut Changes,
) -> Result<usize> {
    // columns of a list of values have these names on both databases
    let sql = format!(
        "update work_logs set storage_status = 'warm', packed = fresh.column3, \
         details = case when fresh.column3 is null then details end, \
         metadata = case when fresh.column3 is null then metadata else '' end \
         from (values {}) as fresh where work_logs.user_id = $1 and work_logs.id = fresh.column1 and work_logs.rev = fresh.column2 \
         and work_logs.storage_status = 'hot' and work_logs.status <> 'working' returning work_logs.id",
        marks(2, packed.len(), 3, "")
    );
    let mut query =
        sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(sql)).bind(user.to_string());
    for Packed { row, packed } in packed {
        query = query
            .bind(row.entry.id.to_string())
            .bind(row.entry.rev)
            .bind(packed.as_deref());
    }
    let done = parsed_ids(query.fetch_all(&mut **tx).await?)?;
    for Packed { row, packed } in packed
        .iter()
        .filter(|packed| done.contains(&packed.row.entry.id))
    {
        row.count(changes, -1);
        TieredRow {
            tier: StorageStatus::Warm,
            stored_bytes: stored_bytes(&row.entry, packed.as_ref().map(Vec::len)),
            ..row.clone()
        }
        .count(changes, 1);
    }
    Ok(done.len())
}

/// Deletes exactly the rows that still have these revisions and returns the ids of those. The
/// caller holds the owner's lock.
pub async fn delete_exactly(
    tx: &mut Tx<'_>,
    user: UserId,
    rows: &[(EntryId, i64)],
) -> Result<HashSet<EntryId>> {
    delete_where(tx, user, rows, "").await
}

/// Deletes rows that expired, with the files that their work made: those that still have these
/// revisions and that nothing keeps. The caller holds the owner's lock.
pub async fn expire(
    tx: &mut Tx<'_>,
    user: UserId,
    rows: &[TieredRow],
    changes: &mut Changes,
) -> Result<usize> {
    let named: Vec<_> = rows
        .iter()
        .map(|row| (row.entry.id, row.entry.rev))
        .collect();
    tx.leaves_text();
    let gone = delete_where(
        tx,
        user,
        &named,
        &format!(" and kept_at is null and not {HELD}"),
    )
    .await?;
    for row in rows.iter().filter(|row| gone.contains(&row.entry.id)) {
        row.count_deleted(changes);
        files::mark_produced(tx, user, row.entry.conversation_id, &row.entry.metadata).await?;
    }
    Ok(gone.len())
}

/// Deletes all rows of a conversation and returns how many; their totals stay. They are counted
/// some at a time, however many there are. The caller holds the owner's lock.
pub async fn delete_conversation(
    tx: &mut Tx<'_>,
    user: UserId,
    conversation: ConversationId,
) -> Result<i64> {
    let sql = format!(
        "select {COLUMNS} from work_logs where user_id = $1 and conversation_id = $2 and id > $3 order by id limit $4"
    );
    let (mut changes, mut after) = (Changes::default(), String::new());
    loop {
        let query = sqlx::query_as::<_, EntryRow>(sqlx::AssertSqlSafe(sql.as_str()))
            .bind(user.to_string())
            .bind(conversation.to_string());
        let rows = query
            .bind(&after)
            .bind(COUNTED_AT_ONCE)
            .fetch_all(&mut **tx)
            .await?;
        let rows = rows
            .into_iter()
            .map(TieredRow::of)
            .collect::<Result<Vec<_>>>()?;
        let Some(last) = rows.last() else { break };
        after = last.entry.id.to_string();
        rows.iter().for_each(|row| row.count_deleted(&mut changes));
    }
    changes.write(tx, user).await?;
    tx.leaves_text();
    let sql = "delete from work_logs where user_id = $1 and conversation_id = $2";
    let gone = sqlx::query(sql)
        .bind(user.to_string())
        .bind(conversation.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(gone.rows_affected() as i64)
}

/// No two rows of an owner ever had the same revision, so naming ids and revisions apart names the
/// pairs, and the primary key finds them.
async fn delete_where(
    tx: &mut Tx<'_>,
    user: UserId,
    rows: &[(EntryId, i64)],
    only: &str,
) -> Result<HashSet<EntryId>> {
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let (ids, revs) = (
        marks(2, 1, rows.len(), ""),
        marks(2 + rows.len(), 1, rows.len(), ""),
    );
    let sql = format!(
        "delete from work_logs where user_id = $1 and id in {ids} and rev in {revs}{only} returning id"
    );
    let query = sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(sql)).bind(user.to_string());
    let query = rows
        .iter()
        .fold(query, |query, (id, _)| query.bind(id.to_string()));
    let query = rows.iter().fold(query, |query, (_, rev)| query.bind(*rev));
    parsed_ids(query.fetch_all(&mut **tx).await?)
}

fn parsed_ids(ids: Vec<String>) -> Result<HashSet<EntryId>> {
    ids.iter().map(|id| parsed("id", id)).collect()
}

/// Writes an entry from the archive as a row again, hot, under a new revision, so that it may
/// change.
pub async fn bring_back(tx: &mut Tx<'_>, entry: StoredEntry) -> Result<WorkLogEntry> {
    let kept_at = entry.kept_at;
    let mut entry = entry.entry(StorageStatus::Hot, (None, None), None);
    work_logs::put_back(tx, &mut entry).await?;
    if kept_at.is_some() {
        work_logs::keep(tx, &mut entry, kept_at).await?;
    }
    Ok(entry)
}

/// Raises the owner's floor: cursors below it cannot be continued, for rows above them are gone
/// without a trace in the feed.
pub async fn raise_floor(tx: &mut Tx<'_>, user: UserId, rev: i64) -> Result<()> {
    let sql = "update heads set floor = $2 where user_id = $1 and floor < $2";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(rev)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
