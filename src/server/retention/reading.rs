//! Rows and archive as one list, in one order, with one cursor. Rows and manifest are read in one snapshot; an object that is
//! gone by the time it is fetched means that the snapshot is old: the caller reads anew.

use super::{Archive, ArchiveError, Retention, gaps::Gaps};
use crate::{
    ids::{ConversationId, EntryId, UserId},
    server::{
        error::{Error, Result},
        store::{
            Reader, Store,
            retention::{
                holes,
                objects::{self, Reach, Shelf},
            },
            work_logs::{self, EntryFilter, StoredEntry},
        },
    },
    timestamp::DAY_MS,
    work_log::{Gap, StorageStatus, WorkLogEntry},
};
use futures::future::try_join_all;

/// Objects fetched at once.
const AT_ONCE: usize = 8;
/// Objects passed over at once while the archive does not answer.
const PASSED_AT_ONCE: usize = 500;
/// How often a reader begins anew when runs move what it reads.
const TRIES: usize = 4;

/// Reads anew, from a new snapshot, while the archive changes under the reading.
pub async fn steadily<T, F>(store: &Store, mut read: impl FnMut(Reader) -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    for _ in 1..TRIES {
        match read(store.read().await?).await {
            Err(Error::Archive(ArchiveError::Missing(_))) => {}
            read => return read,
        }
    }
    read(store.read().await?).await
}

/// Reads as [`steadily`] does; what the archive does not give is told in gaps beside what was read.
pub async fn forgivingly<T, F>(retention: &Retention, mut read: impl FnMut(Reader, Archive) -> F) -> Result<(T, Vec<Gap>)>
where
    F: Future<Output = Result<T>>,
{
    for _ in 1..TRIES {
        let gaps = Gaps::new(false);
        match read(retention.store.read().await?, retention.archive.forgiving(gaps.clone())).await {
            Err(Error::Archive(ArchiveError::Missing(_))) => {}
            read => return Ok((read?, gaps.noted())),
        }
    }
    let gaps = Gaps::new(true);
    let found = read(retention.store.read().await?, retention.archive.forgiving(gaps.clone())).await?;
    Ok((found, gaps.noted()))
}

/// The owner's entries that pass the filter and are older than `before`, newest first, at most `limit`. Text is looked for in
/// the archive only with `archive_too`, or where the filter asks for one of its tiers.
pub async fn list(
    reader: &mut Reader,
    archive: &Archive,
    user: UserId,
    (filter, archive_too): (&EntryFilter, bool),
    before: Option<EntryId>,
    limit: i64,
) -> Result<Vec<WorkLogEntry>> {
    let in_archive = matches!(filter.storage_status, Some(StorageStatus::Cold | StorageStatus::Archived));
    let mut found = if in_archive { Vec::new() } else { work_logs::list(reader, user, filter, before, limit).await? };
    let only_rows = matches!(filter.storage_status, Some(StorageStatus::Hot | StorageStatus::Warm));
    if !only_rows && (filter.text.is_none() || archive_too || in_archive) {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        merge(reader, archive, user, filter, before, &mut found, most).await?;
    }
    Ok(found)
}

async fn merge(
    reader: &mut Reader,
    archive: &Archive,
    user: UserId,
    filter: &EntryFilter,
    before: Option<EntryId>,
    found: &mut Vec<WorkLogEntry>,
    most: usize,
) -> Result<()> {
    let mut after = None;
    loop {
        let from = if found.len() >= most { found.last().map(|entry| entry.id) } else { None };
        let reach = Reach { conversation_id: filter.conversation_id, tier: filter.storage_status, from, below: before };
        let at_once = at_once(archive);
        let shelves = objects::shelves(reader, user, reach, after, at_once as i64).await?;
        let passes = |entry: &WorkLogEntry| before.is_none_or(|before| entry.id < before) && filter.passes(entry);
        found.extend(gather(reader, archive, user, &shelves).await?.into_iter().filter(passes));
        found.sort_by_key(|entry| std::cmp::Reverse(entry.id));
        found.truncate(most);
        let Some(last) = shelves.last().filter(|_| shelves.len() == at_once) else { return Ok(()) };
        after = Some((last.last_id, last.key.clone()));
    }
}

fn at_once(archive: &Archive) -> usize {
    if archive.is_silent() { PASSED_AT_ONCE } else { AT_ONCE }
}

/// The entries in these objects that count.
async fn gather(reader: &mut Reader, archive: &Archive, user: UserId, shelves: &[Shelf]) -> Result<Vec<WorkLogEntry>> {
    let fetched = try_join_all(shelves.iter().map(|shelf| archive.shelf(shelf))).await?;
    let mut found = Vec::new();
    for (entries, shelf) in fetched.iter().zip(shelves).filter_map(|(entries, shelf)| Some((entries.as_ref()?, shelf))) {
        let gone = holes::of(reader, user, &shelf.key).await?;
        found.extend(entries.iter().filter(|entry| !gone.contains(&entry.id)).map(|entry| shown(shelf, entry)));
    }
    Ok(found)
}

/// A conversation's oldest entries of all tiers from `from` on, oldest first, at most `limit`.
pub async fn earliest(
    reader: &mut Reader,
    archive: &Archive,
    user: UserId,
    conversation: ConversationId,
    from: EntryId,
    limit: i64,
) -> Result<Vec<WorkLogEntry>> {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = work_logs::earliest(reader, user, conversation, from, limit).await?;
    let mut after = None;
    loop {
        let below = if found.len() >= most { found.last().map(|entry| entry.id) } else { None };
        let reach = Reach { conversation_id: Some(conversation), tier: None, from: Some(from), below };
        let at_once = at_once(archive);
        let shelves = objects::shelves_onward(reader, user, reach, after, at_once as i64).await?;
        found.extend(gather(reader, archive, user, &shelves).await?.into_iter().filter(|entry| entry.id >= from));
        found.sort_by_key(|entry| entry.id);
        found.truncate(most);
        let Some(last) = shelves.last().filter(|_| shelves.len() == at_once) else { return Ok(found) };
        after = Some((last.first_id, last.key.clone()));
    }
}

/// One entry of its owner, wherever it is kept.
pub async fn find(reader: &mut Reader, archive: &Archive, user: UserId, id: EntryId) -> Result<Option<WorkLogEntry>> {
    if let Some(entry) = work_logs::find(reader, user, id).await? {
        return Ok(Some(entry));
    }
    Ok(find_archived(reader, archive, user, id).await?.map(|(shelf, entry)| shown(&shelf, &entry)))
}

/// One entry that lies in the archive, and where.
pub(super) async fn find_archived(
    reader: &mut Reader,
    archive: &Archive,
    user: UserId,
    id: EntryId,
) -> Result<Option<(Shelf, StoredEntry)>> {
    let mut after = None;
    loop {
        let above = EntryId::from_uuid(uuid::Uuid::from_u128(id.uuid().as_u128().saturating_add(1)));
        let reach = Reach { from: Some(id), below: Some(above), ..Reach::default() };
        let shelves = objects::shelves(reader, user, reach, after, AT_ONCE as i64).await?;
        for shelf in &shelves {
            let entries = archive.entries(&shelf.key, &shelf.sha256).await?;
            let entry = entries.iter().find(|entry| entry.id == id);
            if let Some(entry) = entry
                && !holes::of(reader, user, &shelf.key).await?.contains(&id)
            {
                return Ok(Some((shelf.clone(), entry.clone())));
            }
        }
        let Some(last) = shelves.last().filter(|_| shelves.len() == AT_ONCE) else { return Ok(None) };
        after = Some((last.last_id, last.key.clone()));
    }
}

fn shown(shelf: &Shelf, entry: &StoredEntry) -> WorkLogEntry {
    let expires_at = shelf.cold_days.map(|days| entry.timestamp.plus(days * DAY_MS));
    entry.clone().entry(shelf.tier, (expires_at, shelf.held_by), Some(shelf.archived_at))
}
