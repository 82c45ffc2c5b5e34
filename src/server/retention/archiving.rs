//! Moving rows: packed in place, or into the archive. The archive's copy is read back whole and
//! compared row by row; then one transaction lists it and deletes exactly its rows. A row that
//! changed meanwhile stays a row.

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
                rows::{self, CHANGED_AT_ONCE, TieredRow},
                tombstones,
            },
            stats::Changes,
            work_logs::StoredEntry,
        },
    },
};

/// How large an object may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ObjectLimits {
    /// Most entries in it.
    rows: usize,
    /// Most bytes that its rows take, packed as they are, unless one alone takes more. The object
    /// takes about as many.
    bytes: i64,
    /// Objects written of one group in one step: its lease is to outlast the step.
    objects: i64,
}

impl ObjectLimits {
    const POSTGRES: Self = Self {
        rows: 500,
        bytes: 1 << 20,
        objects: 20,
    };
    /// Whoever writes waits for the transaction that lists an object, for some 50 ms at most: on
    /// two busy cores it took 8 to 47 ms (median 18) with this size, 37 to 166 (71) with 500 rows
    /// and 1 MiB.
    const SQLITE: Self = Self {
        rows: 200,
        bytes: 512 << 10,
        objects: 50,
    };

    pub(crate) fn of(store: &Store) -> Self {
        if store.is_single_process() {
            Self::SQLITE
        } else {
            Self::POSTGRES
        }
    }

    /// How many objects a group becomes, unless its rows take too much for so few.
    pub(crate) fn objects_of(self, group: &DueGroup) -> i64 {
        (group.rows as usize).div_ceil(self.rows) as i64
    }
}

/// Most text of an object, in bytes, unless one entry alone has more. It is held in memory
/// unpacked.
const TEXT_MAX: i64 = 4 << 20;

/// Rows read at once.
const READ_AT_ONCE: i64 = 10;

/// What was moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ArchivingOutcome {
    /// Entries that expire one day.
    pub cold: i64,
    /// Entries that do not.
    pub archived: i64,
    /// Objects written.
    pub objects: i64,
    /// There may be more in the group.
    pub more: bool,
}

/// Makes rows of one person warm. Returns how many. They are packed before the transactions, so
/// that these are short; a row that changed meanwhile stays as it is.
pub(super) async fn pack(
    tiers: &Tiers,
    fence: Fence,
    user: UserId,
    ids: &[EntryId],
    throttle: &mut Throttle,
) -> Result<i64> {
    let mut packed = 0;
    for ids in ids.chunks(CHANGED_AT_ONCE) {
        let found = rows::by_id(&mut *tiers.store.connection().await?, user, ids).await?;
        let ready = run_blocking(move || {
            found
                .into_iter()
                .map(rows::Packed::of)
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
        throttle.rest().await;
    }
    Ok(packed as i64)
}

/// Moves a group of rows into the archive, as few objects as the bounds allow; of a large group the
/// rest is left to the next run.
pub(super) async fn archive(
    tiers: &Tiers,
    fence: Fence,
    group: &DueGroup,
    (expired, now): (Timestamp, Timestamp),
    throttle: &mut Throttle,
) -> Result<ArchivingOutcome> {
    let (mut moved, mut after) = (ArchivingOutcome::default(), None);
    while moved.objects < ObjectLimits::of(&tiers.store).objects {
        let erased = ErasureMark::now(tiers, group.user_id).await?;
        let part = next_part(tiers, group, expired, after, throttle).await?;
        let Some(last) = part.last() else {
            return Ok(moved);
        };
        reach(FailPoint::MovePlanned).await;
        after = Some(last.entry.id);
        let (entries, tier) = move_part(tiers, fence, (&part, erased), now, throttle).await?;
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
async fn next_part(
    tiers: &Tiers,
    group: &DueGroup,
    expired: Timestamp,
    after: Option<EntryId>,
    throttle: &mut Throttle,
) -> Result<Vec<TieredRow>> {
    let (mut part, mut bytes, mut text): (Vec<TieredRow>, i64, i64) = (Vec::new(), 0, 0);
    let most = ObjectLimits::of(&tiers.store);
    while part.len() < most.rows {
        let after = part.last().map(|row| row.entry.id).or(after);
        let asked = READ_AT_ONCE.min((most.rows - part.len()) as i64);
        let found = rows::of_group(
            &mut *tiers.store.connection().await?,
            group,
            expired,
            after,
            asked,
        )
        .await?;
        let is_last = (found.len() as i64) < asked;
        for row in found {
            bytes += row.stored_bytes;
            text += row.entry.size();
            if (bytes > most.bytes || text > TEXT_MAX) && !part.is_empty() {
                return Ok(part);
            }
            part.push(row);
        }
        if is_last {
            break;
        }
        throttle.rest().await;
    }
    Ok(part)
}

/// Puts an object and lists it in place of its rows. Returns how many moved, and to which tier.
async fn move_part(
    tiers: &Tiers,
    fence: Fence,
    (part, erased): (&[TieredRow], ErasureMark),
    now: Timestamp,
    throttle: &mut Throttle,
) -> Result<(i64, StorageStatus)> {
    let entries: Vec<StoredEntry> = part.iter().map(|row| row.entry.clone()).collect();
    let manifest = object_writer::put(tiers, Some(fence), &entries, None, erased, now).await?;
    let (user, key) = (manifest.user_id, manifest.key.clone());
    throttle.rest().await;
    let moved = list(tiers, fence, manifest, part).await;
    if moved.is_err() {
        object_writer::take_back_or_tell(tiers, Some(fence), user, &key, now).await;
    }
    let moved = moved?;
    reach(FailPoint::Moved).await;
    throttle.rest().await;
    Ok(moved)
}

/// Lists an object and deletes its rows. One that changed meanwhile stays a row, with a tombstone
/// in the object.
async fn list(
    tiers: &Tiers,
    fence: Fence,
    mut manifest: Manifest,
    part: &[TieredRow],
) -> Result<(i64, StorageStatus)> {
    let user = manifest.user_id;
    let named: Vec<_> = part
        .iter()
        .map(|row| (row.entry.id, row.entry.rev))
        .collect();
    let newest = named.iter().map(|(_, rev)| *rev).max().unwrap_or(0);
    let mut tx = begin_unsynced(&tiers.store, fence, user).await?;
    if holds::protects(&mut tx, user, manifest.conversation_id).await? {
        manifest.tier = StorageStatus::Archived;
    }
    rows::raise_floor(&mut tx, user, newest).await?;
    let gone = rows::delete_exactly(&mut tx, user, &named).await?;
    let mut changes = Changes::default();
    for row in part {
        if gone.contains(&row.entry.id) {
            row.count(&mut changes, -1);
        } else {
            tombstones::insert(&mut tx, user, &manifest.key, row.entry.id).await?;
            manifest.count(&row.entry, -1);
        }
    }
    manifest.shift(&mut changes, 1);
    changes.write(&mut tx, user).await?;
    object_writer::list(&mut tx, &manifest).await?;
    reach(FailPoint::MoveWritten).await;
    tx.commit().await?;
    Ok((gone.len() as i64, manifest.tier))
}
