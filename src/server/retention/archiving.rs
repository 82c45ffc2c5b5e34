//! Packs rows in place or moves them to the archive. The archived copy is read back and compared
//! row by row; then one transaction activates the object and deletes exactly its rows. A row that
//! changed in between stays.

use super::{begin_unsynced, throttle::Throttle};
use crate::{
    domain::{
        StorageStatus,
        ids::{EntryId, UserId},
        time::Timestamp,
    },
    server::{
        archive::{
            Tiers,
            object_writer::{self, ErasureMark},
        },
        base::{
            blocking::run_blocking,
            error::Result,
            fail_points::{FailPoint, reach},
        },
        store::{
            Store, holds,
            retention::{
                due::DueGroup,
                lease::Fence,
                manifest::Manifest,
                rows::{self, CHANGE_BATCH_SIZE, TieredRow},
                tombstones,
            },
            stats::Changes,
            work_logs::StoredEntry,
        },
    },
};

/// Limits for an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ObjectLimits {
    /// Maximum number of entries.
    rows: usize,
    /// Maximum stored size of its rows in bytes, unless a single row is larger. The object has
    /// about this size.
    bytes: i64,
    /// Maximum number of objects per group and step, so that the lease outlasts the step.
    objects: i64,
}

impl ObjectLimits {
    const POSTGRES: Self = Self {
        rows: 500,
        bytes: 1 << 20,
        objects: 20,
    };
    /// The transaction that activates an object blocks other writers; 50 ms are acceptable. On two
    /// busy cores it took 8 to 47 ms (median 18) with this size, 37 to 166 ms (median 71) with 500
    /// rows and 1 MiB.
    const SQLITE: Self = Self {
        rows: 200,
        bytes: 512 << 10,
        objects: 50,
    };

    pub(crate) fn new(store: &Store) -> Self {
        if store.is_single_process() {
            Self::SQLITE
        } else {
            Self::POSTGRES
        }
    }

    /// The number of objects for a group, if the rows are not too large.
    pub(crate) fn object_count(self, group: &DueGroup) -> i64 {
        (group.rows as usize).div_ceil(self.rows) as i64
    }
}

/// Maximum text of an object in bytes, unless a single entry has more. It is held in memory
/// unpacked.
const MAX_TEXT_BYTES: i64 = 4 << 20;

/// Rows per read.
const READ_BATCH_SIZE: i64 = 10;

/// The result of archiving a group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ArchivingOutcome {
    /// Entries that expire later.
    pub cold: i64,
    /// Entries that do not expire.
    pub archived: i64,
    /// Objects written.
    pub objects: i64,
    /// Whether the group may have more rows.
    pub more: bool,
}

/// Makes rows of a user warm; returns their number. They are packed outside the transactions, which
/// keeps these short; a row that changed in between is skipped.
pub(super) async fn pack(
    tiers: &Tiers,
    fence: Fence,
    user: UserId,
    ids: &[EntryId],
    throttle: &mut Throttle,
) -> Result<i64> {
    let mut packed = 0;
    for ids in ids.chunks(CHANGE_BATCH_SIZE) {
        let found = rows::by_id(&mut *tiers.store.connection().await?, user, ids).await?;
        let ready = run_blocking(move || {
            found
                .into_iter()
                .map(rows::Packed::new)
                .collect::<std::result::Result<Vec<_>, _>>()
        })
        .await?;
        reach(FailPoint::PackPlanned).await;
        if ready.is_empty() {
            continue;
        }
        let mut tx = begin_unsynced(&tiers.store, fence, user).await?;
        let mut changes = Changes::default();
        packed += rows::pack(&mut tx, user, &ready, &mut changes).await?;
        changes.write(&mut tx, user).await?;
        reach(FailPoint::PackWritten).await;
        tx.commit().await?;
        reach(FailPoint::Packed).await;
        throttle.pause().await;
    }
    Ok(packed as i64)
}

/// Moves a group of rows to the archive in as few objects as the limits allow; the rest of a large
/// group is left to the next run.
pub(super) async fn archive(
    tiers: &Tiers,
    fence: Fence,
    group: &DueGroup,
    (expired, now): (Timestamp, Timestamp),
    throttle: &mut Throttle,
) -> Result<ArchivingOutcome> {
    let (mut moved, mut after) = (ArchivingOutcome::default(), None);
    while moved.objects < ObjectLimits::new(&tiers.store).objects {
        let erased = ErasureMark::current(tiers, group.user_id).await?;
        let rows = next_rows(tiers, group, expired, after, throttle).await?;
        let Some(last) = rows.last() else {
            return Ok(moved);
        };
        reach(FailPoint::MovePlanned).await;
        after = Some(last.entry.id);
        let (entries, tier) = archive_rows(tiers, fence, (&rows, erased), now, throttle).await?;
        match tier {
            StorageStatus::Archived => moved.archived += entries,
            _ => moved.cold += entries,
        }
        moved.objects += 1;
    }
    Ok(ArchivingOutcome {
        more: true,
        ..moved
    })
}

/// The rows of a group after `after` that fit into one object.
async fn next_rows(
    tiers: &Tiers,
    group: &DueGroup,
    expired: Timestamp,
    after: Option<EntryId>,
    throttle: &mut Throttle,
) -> Result<Vec<TieredRow>> {
    let (mut rows, mut bytes, mut text): (Vec<TieredRow>, i64, i64) = (Vec::new(), 0, 0);
    let limits = ObjectLimits::new(&tiers.store);
    while rows.len() < limits.rows {
        let after = rows.last().map(|row| row.entry.id).or(after);
        let batch_size = READ_BATCH_SIZE.min((limits.rows - rows.len()) as i64);
        let found = rows::of_group(
            &mut *tiers.store.connection().await?,
            group,
            expired,
            after,
            batch_size,
        )
        .await?;
        let is_last = (found.len() as i64) < batch_size;
        for row in found {
            bytes += row.stored_bytes;
            text += row.entry.size();
            if (bytes > limits.bytes || text > MAX_TEXT_BYTES) && !rows.is_empty() {
                return Ok(rows);
            }
            rows.push(row);
        }
        if is_last {
            break;
        }
        throttle.pause().await;
    }
    Ok(rows)
}

/// Writes an object and activates it in place of its rows. Returns the number of moved rows and
/// their tier.
async fn archive_rows(
    tiers: &Tiers,
    fence: Fence,
    (rows, erased): (&[TieredRow], ErasureMark),
    now: Timestamp,
    throttle: &mut Throttle,
) -> Result<(i64, StorageStatus)> {
    let entries: Vec<StoredEntry> = rows.iter().map(|row| row.entry.clone()).collect();
    let manifest = object_writer::write(tiers, Some(fence), &entries, None, erased, now).await?;
    let (user, key) = (manifest.user_id, manifest.key.clone());
    throttle.pause().await;
    let moved = activate(tiers, fence, manifest, rows).await;
    if moved.is_err() {
        object_writer::abort_write_or_log(tiers, Some(fence), user, &key, now).await;
    }
    let moved = moved?;
    reach(FailPoint::Moved).await;
    throttle.pause().await;
    Ok(moved)
}

/// Activates an object and deletes its rows. A row that changed in between stays, with a tombstone
/// in the object.
async fn activate(
    tiers: &Tiers,
    fence: Fence,
    mut manifest: Manifest,
    rows: &[TieredRow],
) -> Result<(i64, StorageStatus)> {
    let user = manifest.user_id;
    let revisions: Vec<_> = rows
        .iter()
        .map(|row| (row.entry.id, row.entry.rev))
        .collect();
    let newest = revisions.iter().map(|(_, rev)| *rev).max().unwrap_or(0);
    let mut tx = begin_unsynced(&tiers.store, fence, user).await?;
    if holds::protects(&mut tx, user, manifest.conversation_id).await? {
        manifest.tier = StorageStatus::Archived;
    }
    rows::raise_floor(&mut tx, user, newest).await?;
    let deleted = rows::delete_exactly(&mut tx, user, &revisions).await?;
    let mut changes = Changes::default();
    for row in rows {
        if deleted.contains(&row.entry.id) {
            row.count(&mut changes, -1);
        } else {
            tombstones::insert(&mut tx, user, &manifest.key, row.entry.id).await?;
            manifest.count(&row.entry, -1);
        }
    }
    manifest.count_all(&mut changes, 1);
    changes.write(&mut tx, user).await?;
    object_writer::activate(&mut tx, &manifest).await?;
    reach(FailPoint::MoveWritten).await;
    tx.commit().await?;
    Ok((deleted.len() as i64, manifest.tier))
}
