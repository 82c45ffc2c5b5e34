//! Moving rows: packed in place, or into the archive. The archive's copy is read back whole and compared row by row before
//! it is listed; then its entries count there as exactly their rows are deleted, a few in each transaction, so that whoever writes
//! meanwhile does not wait. A row that changed meanwhile stays a row.

use super::{
    Archive, ArchiveError, Retention, aside, begin, begin_unsynced, behind_others,
    fail_points::{FailPoint, reach},
    object,
    pace::Pace,
};
use crate::{
    ids::{EntryId, UserId},
    server::{
        error::{Error, Result},
        store::{
            Tx,
            retention::{
                due::DueGroup,
                holes,
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
};

/// Most entries in one object.
const ROWS_MAX: usize = 500;
/// Most bytes of text in one object, unless one entry alone has more.
const BYTES_MAX: i64 = 4 << 20;
/// Rows read at once.
const READ_AT_ONCE: i64 = 10;

/// What was moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Moved {
    /// Entries.
    pub entries: i64,
    /// Objects written.
    pub objects: i64,
}

/// Packs rows of one person. Returns how many. They are packed before the transactions, so that these are short; a row that
/// changed meanwhile stays as it is.
pub(super) async fn pack(retention: &Retention, fence: Fence, user: UserId, ids: &[EntryId], pace: &mut Pace) -> Result<i64> {
    let mut packed = 0;
    for ids in ids.chunks(CHANGED_AT_ONCE) {
        let found = rows::by_id(&mut *retention.store.look().await?, user, ids).await?;
        let ready = behind_others(move || found.into_iter().map(rows::Packed::of).collect::<std::result::Result<Vec<_>, _>>()).await?;
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

/// Moves a group of rows into the archive, as few objects as the bounds allow.
pub(super) async fn archive(
    retention: &Retention,
    fence: Fence,
    group: &DueGroup,
    (expired, now): (Timestamp, Timestamp),
    pace: &mut Pace,
) -> Result<Moved> {
    let (mut moved, mut after) = (Moved::default(), None);
    loop {
        let part = next_part(retention, group, expired, after, pace).await?;
        let Some(last) = part.last() else { return Ok(moved) };
        reach(FailPoint::MovePlanned).await;
        after = Some(last.entry.id);
        moved.entries += move_part(retention, fence, &part, now, pace).await?;
        moved.objects += 1;
    }
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
        let found = rows::of_group(&mut *retention.store.look().await?, group, expired, after, READ_AT_ONCE).await?;
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

/// Puts an object, and lets its entries count there a few at a time, as their rows go.
async fn move_part(retention: &Retention, fence: Fence, part: &[TieredRow], now: Timestamp, pace: &mut Pace) -> Result<i64> {
    let entries: Vec<StoredEntry> = part.iter().map(|row| row.entry.clone()).collect();
    let manifest = put(retention, Some(fence), &entries, now).await?;
    let (user, key, newest) = (manifest.user_id, manifest.key.clone(), manifest.ids.1);
    let newest_rev = part.iter().map(|row| row.entry.rev).max().unwrap_or(0);
    let (mut moved, mut unlisted) = (0, Some(Manifest { totals: Vec::new(), ..manifest }));
    for rows in part.chunks(CHANGED_AT_ONCE) {
        pace.rest().await;
        let moved_to = rows.last().map(|row| row.entry.id).filter(|id| *id != newest);
        let mut tx = begin_unsynced(&retention.store, fence, user).await?;
        if let Some(mut manifest) = unlisted.take() {
            rows::raise_floor(&mut tx, user, newest_rev).await?;
            moved += move_rows(&mut tx, &mut manifest, rows).await?;
            list(&mut tx, &manifest, moved_to).await?;
        } else {
            // none where it was rewritten or deleted meanwhile, on somebody's word
            let mut manifest = objects::find(&mut tx, user, &key).await?.ok_or_else(|| given_up(&key))?;
            moved += move_rows(&mut tx, &mut manifest, rows).await?;
            objects::write_moving(&mut tx, &manifest, moved_to).await?;
        }
        reach(FailPoint::MoveWritten).await;
        tx.commit().await?;
        reach(FailPoint::Moved).await;
    }
    Ok(moved)
}

/// Deletes rows whose entries lie in a listed object, and counts these in the manifest. One that changed meanwhile stays a row.
async fn move_rows(tx: &mut Tx<'_>, manifest: &mut Manifest, rows: &[TieredRow]) -> Result<i64> {
    let user = manifest.user_id;
    let named: Vec<_> = rows.iter().map(|row| (row.entry.id, row.entry.rev)).collect();
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

fn given_up(key: &str) -> Error {
    Error::Conflict(format!("object {key} was given up meanwhile"))
}

/// Lists an object that was put and compared; fails when its name was taken away meanwhile. `moved_to` as in [`objects::activate`].
pub(super) async fn list(tx: &mut Tx<'_>, manifest: &Manifest, moved_to: Option<EntryId>) -> Result<()> {
    let listed = objects::activate(tx, manifest, moved_to).await?;
    if listed { Ok(()) } else { Err(given_up(&manifest.key)) }
}

/// Writes an object, reads it back whole and compares it with what it should hold. Its name is reserved and stays so.
pub(super) async fn put(retention: &Retention, fence: Option<Fence>, entries: &[StoredEntry], now: Timestamp) -> Result<Manifest> {
    let first = entries.first().ok_or(Error::NotFound("entry"))?;
    let group = object::Group { user_id: first.user_id, conversation_id: first.conversation_id, day: first.timestamp.day() };
    let plain = entries.to_vec();
    let encoded = compute(fence, move || object::encode(group, &plain)).await;
    let encoded = encoded.map_err(|why| ArchiveError::Unreachable(format!("encoding: {why}")))?;
    reach(FailPoint::Encoded).await;
    let mut tx = begin(&retention.store, fence, group.user_id).await?;
    let reserved = objects::reserve(&mut tx, group.user_id, &encoded.key, group.conversation_id, now).await?;
    tx.commit().await?;
    if !reserved {
        return Err(Error::Conflict(format!("object {} is in use or being deleted", encoded.key)));
    }
    reach(FailPoint::Reserved).await;
    let key = encoded.key.clone();
    let stored = put_verified(&retention.archive, fence, encoded, entries).await?;
    reach(FailPoint::ReadBack).await;
    Manifest::of(&key, entries, stored, now).ok_or(Error::NotFound("entry"))
}

/// Computes behind all others for a run, and beside them for somebody who waits for an erasure.
async fn compute<T: Send + 'static>(of_run: Option<Fence>, work: impl FnOnce() -> T + Send + 'static) -> T {
    match of_run {
        Some(_) => behind_others(work).await,
        None => aside(work).await,
    }
}

/// Puts an object and returns size and SHA-256 of what was read back. What lies there already, from a run that broke off,
/// is as good when it holds the same; when it does not, it is replaced: its name is ours.
async fn put_verified(archive: &Archive, fence: Option<Fence>, encoded: object::Encoded, entries: &[StoredEntry]) -> Result<(i64, String)> {
    archive.create(&encoded.key, encoded.bytes.clone()).await?;
    reach(FailPoint::Put).await;
    match read_back(archive, fence, &encoded.key, entries).await {
        Err(ArchiveError::Unreachable(why)) => Err(ArchiveError::Unreachable(why).into()),
        Err(_) => {
            archive.replace(&encoded.key, encoded.bytes).await?;
            Ok(read_back(archive, fence, &encoded.key, entries).await?)
        }
        Ok(stored) => Ok(stored),
    }
}

async fn read_back(
    archive: &Archive,
    fence: Option<Fence>,
    key: &str,
    entries: &[StoredEntry],
) -> std::result::Result<(i64, String), ArchiveError> {
    let bytes = archive.get(key).await?;
    let damaged = |why: String| ArchiveError::Damaged(key.to_owned(), why);
    let read = bytes.clone();
    let found = compute(fence, move || object::decode(&read)).await.map_err(damaged)?;
    if found != entries {
        return Err(damaged("it does not hold the rows that were put".to_owned()));
    }
    Ok((bytes.len() as i64, object::hex_sha256(&bytes)))
}
