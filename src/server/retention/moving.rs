//! Moving rows: packed in place, or into the archive. The archive's copy is read back whole and compared row by row before
//! it is listed; then its entries count there as exactly their rows are deleted, a few in each transaction, so that whoever writes
//! meanwhile does not wait. A row that changed meanwhile stays a row.

use super::{
    Retention, begin_unsynced,
    fail_points::{FailPoint, reach},
    pace::Pace,
    putting::{self, Erased, given_up},
};
use crate::{
    ids::{EntryId, UserId},
    server::{
        aside::aside,
        error::Result,
        store::{
            Tx,
            retention::{
                due::DueGroup,
                holds, holes,
                lease::Fence,
                manifest::Manifest,
                objects,
                rows::{self, CHANGED_AT_ONCE, TieredRow},
            },
            stats::Changes,
            work_logs::StoredEntry,
        },
    },
    timestamp::Timestamp,
    work_log::StorageStatus,
};

/// Most entries in one object.
const ROWS_MAX: usize = 500;
/// Most bytes of text in one object, unless one entry alone has more.
const BYTES_MAX: i64 = 4 << 20;
/// Rows read at once.
const READ_AT_ONCE: i64 = 10;

/// Objects written of one group in one step: its lease is to outlast the step.
const OBJECTS_MAX: i64 = 20;

/// What was moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Moved {
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
    retention: &Retention,
    fence: Fence,
    user: UserId,
    ids: &[EntryId],
    pace: &mut Pace,
) -> Result<i64> {
    let mut packed = 0;
    for ids in ids.chunks(CHANGED_AT_ONCE) {
        let found = rows::by_id(&mut *retention.store.look().await?, user, ids).await?;
        let ready = aside(move || {
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
        let mut tx = begin_unsynced(&retention.store, fence, user).await?;
        let mut changes = Changes::default();
        packed += rows::pack(&mut tx, user, &ready, &mut changes).await?;
        changes.write(&mut tx, user).await?;
        reach(FailPoint::PackWritten).await;
        tx.commit().await?;
        reach(FailPoint::Packed).await;
        pace.rest().await;
    }
    Ok(packed as i64)
}

/// How many objects a group becomes, unless it has so much text that these would be larger than they may be.
pub(super) fn objects_of(group: &DueGroup) -> i64 {
    (group.rows as usize).div_ceil(ROWS_MAX) as i64
}

/// Moves a group of rows into the archive, as few objects as the bounds allow; of a large group the rest is left to the next run.
pub(super) async fn archive(
    retention: &Retention,
    fence: Fence,
    group: &DueGroup,
    (expired, now): (Timestamp, Timestamp),
    pace: &mut Pace,
) -> Result<Moved> {
    let (mut moved, mut after) = (Moved::default(), None);
    while moved.objects < OBJECTS_MAX {
        let erased = Erased::now(retention, group.user_id).await?;
        let part = next_part(retention, group, expired, after, pace).await?;
        let Some(last) = part.last() else {
            return Ok(moved);
        };
        reach(FailPoint::MovePlanned).await;
        after = Some(last.entry.id);
        let (entries, tier) = move_part(retention, fence, (&part, erased), now, pace).await?;
        match tier {
            StorageStatus::Archived => moved.archived += entries,
            _ => moved.cold += entries,
        }
        moved.objects += 1;
    }
    Ok(Moved {
        more: true,
        ..moved
    })
}

/// The rows of a group after `after` that fit into one object.
async fn next_part(
    retention: &Retention,
    group: &DueGroup,
    expired: Timestamp,
    after: Option<EntryId>,
    pace: &mut Pace,
) -> Result<Vec<TieredRow>> {
    let (mut part, mut bytes): (Vec<TieredRow>, i64) = (Vec::new(), 0);
    while part.len() < ROWS_MAX {
        let after = part.last().map(|row| row.entry.id).or(after);
        let found = rows::of_group(
            &mut *retention.store.look().await?,
            group,
            expired,
            after,
            READ_AT_ONCE,
        )
        .await?;
        let is_last = (found.len() as i64) < READ_AT_ONCE;
        for row in found {
            bytes += row.entry.size();
            if bytes > BYTES_MAX && !part.is_empty() {
                return Ok(part);
            }
            part.push(row);
        }
        if is_last {
            break;
        }
        pace.rest().await;
    }
    Ok(part)
}

/// Puts an object, and lets its entries count there a few at a time, as their rows go. Returns how many did, and in which tier.
async fn move_part(
    retention: &Retention,
    fence: Fence,
    (part, erased): (&[TieredRow], Erased),
    now: Timestamp,
    pace: &mut Pace,
) -> Result<(i64, StorageStatus)> {
    let entries: Vec<StoredEntry> = part.iter().map(|row| row.entry.clone()).collect();
    let manifest = putting::put(retention, Some(fence), &entries, erased, now).await?;
    let (user, key, newest) = (manifest.user_id, manifest.key.clone(), manifest.ids.1);
    let newest_rev = part.iter().map(|row| row.entry.rev).max().unwrap_or(0);
    let mut tier = manifest.tier;
    let (mut moved, mut unlisted) = (
        0,
        Some(Manifest {
            totals: Vec::new(),
            ..manifest
        }),
    );
    for rows in part.chunks(CHANGED_AT_ONCE) {
        pace.rest().await;
        let moved_to = rows
            .last()
            .map(|row| row.entry.id)
            .filter(|id| *id != newest);
        moved += match unlisted.take() {
            Some(manifest) => {
                let first =
                    list_first(retention, fence, manifest, (rows, moved_to), newest_rev).await;
                if first.is_err() {
                    putting::take_back_or_tell(retention, Some(fence), user, &key, now).await;
                }
                let (first, listed_as) = first?;
                tier = listed_as;
                first
            }
            None => move_more(retention, fence, (user, &key), (rows, moved_to)).await?,
        };
        reach(FailPoint::Moved).await;
    }
    Ok((moved, tier))
}

/// Rows, and the last of them unless it is the last of their object.
type Portion<'a> = (&'a [TieredRow], Option<EntryId>);

/// Lists an object with the first rows that move into it. Returns how many did, and in which tier it is.
async fn list_first(
    retention: &Retention,
    fence: Fence,
    mut manifest: Manifest,
    (rows, moved_to): Portion<'_>,
    newest_rev: i64,
) -> Result<(i64, StorageStatus)> {
    let mut tx = begin_unsynced(&retention.store, fence, manifest.user_id).await?;
    if holds::protects(&mut tx, manifest.user_id, manifest.conversation_id).await? {
        manifest.tier = StorageStatus::Archived;
    }
    rows::raise_floor(&mut tx, manifest.user_id, newest_rev).await?;
    let moved = move_rows(&mut tx, &mut manifest, rows).await?;
    putting::list(&mut tx, &manifest, moved_to).await?;
    reach(FailPoint::MoveWritten).await;
    tx.commit().await?;
    Ok((moved, manifest.tier))
}

/// Moves further rows into an object that is listed.
async fn move_more(
    retention: &Retention,
    fence: Fence,
    (user, key): (UserId, &str),
    (rows, moved_to): Portion<'_>,
) -> Result<i64> {
    let mut tx = begin_unsynced(&retention.store, fence, user).await?;
    // none where it was rewritten or deleted meanwhile, on somebody's word
    let mut manifest = objects::find(&mut tx, user, key)
        .await?
        .ok_or_else(|| given_up(key))?;
    let moved = move_rows(&mut tx, &mut manifest, rows).await?;
    objects::write_moving(&mut tx, &manifest, moved_to).await?;
    reach(FailPoint::MoveWritten).await;
    tx.commit().await?;
    Ok(moved)
}

/// Deletes rows whose entries lie in a listed object, and counts these in the manifest. One that changed meanwhile stays a row.
async fn move_rows(tx: &mut Tx<'_>, manifest: &mut Manifest, rows: &[TieredRow]) -> Result<i64> {
    let user = manifest.user_id;
    let named: Vec<_> = rows
        .iter()
        .map(|row| (row.entry.id, row.entry.rev))
        .collect();
    let gone = rows::delete_exactly(tx, user, &named).await?;
    let mut changes = Changes::default();
    manifest.shift(&mut changes, -1);
    for row in rows {
        if gone.contains(&row.entry.id) {
            row.count(&mut changes, -1);
            manifest.count(&row.entry, 1);
        } else {
            holes::insert(tx, user, &manifest.key, row.entry.id).await?;
        }
    }
    manifest.shift(&mut changes, 1);
    changes.write(tx, user).await?;
    Ok(gone.len() as i64)
}
