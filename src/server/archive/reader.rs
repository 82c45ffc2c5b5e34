//! Reads rows and archive as one ordered list with one cursor. Rows and manifest are read in one
//! snapshot; a missing object means that the snapshot is outdated and the caller must start again.

use super::{Archive, partial::GapCollector};
use crate::{
    domain::{
        Gap, StorageStatus, WorkLogEntry,
        ids::{ConversationId, EntryId, UserId},
        time::DAY_MS,
    },
    server::{
        base::error::{ArchiveError, Error, Result},
        store::{
            Reader, Store,
            retention::{
                archived_objects::{self, ArchivedObjectRow, ObjectFilter, Order},
                tombstones,
            },
            work_logs::{self, EntryFilter, StoredEntry},
        },
    },
};
use futures::future::try_join_all;

/// Objects fetched concurrently.
const MAX_PARALLEL_FETCHES: usize = 8;
/// Objects listed per query when they are not fetched.
const LIST_BATCH_SIZE: usize = 500;
/// Attempts of a reader whose objects are moved by runs.
const MAX_ATTEMPTS: usize = 4;

/// Repeats a read with a new snapshot while objects it needs are moved.
pub async fn retry_on_moved_object<T, F>(
    store: &Store,
    mut read: impl FnMut(Reader) -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    for _ in 1..MAX_ATTEMPTS {
        match read(store.read_long().await?).await {
            Err(Error::Archive(ArchiveError::Missing(_))) => {}
            read => return read,
        }
    }
    read(store.read_long().await?).await
}

/// Like [`retry_on_moved_object`], but reports unreadable objects as gaps.
pub async fn read_partial<T, F>(
    store: &Store,
    archive: &Archive,
    mut read: impl FnMut(Reader, Archive) -> F,
) -> Result<(T, Vec<Gap>)>
where
    F: Future<Output = Result<T>>,
{
    for _ in 1..MAX_ATTEMPTS {
        let reader = store.read_long().await?;
        let gaps = GapCollector::new(false);
        match read(reader, archive.for_partial_read(gaps.clone())).await {
            Err(Error::Archive(ArchiveError::Missing(_))) => {}
            read => return Ok((read?, gaps.gaps())),
        }
    }
    let reader = store.read_long().await?;
    let gaps = GapCollector::new(true);
    let found = read(reader, archive.for_partial_read(gaps.clone())).await?;
    Ok((found, gaps.gaps()))
}

/// The owner's entries that match the filter and are older than `before`, newest first, at most
/// `limit`. Text is searched in the archive only with `archive_too` or if the filter selects an
/// archive tier.
pub async fn list(
    reader: &mut Reader,
    archive: &Archive,
    user: UserId,
    (filter, archive_too): (&EntryFilter, bool),
    before: Option<EntryId>,
    limit: i64,
) -> Result<Vec<WorkLogEntry>> {
    let in_archive = matches!(
        filter.storage_status,
        Some(StorageStatus::Cold | StorageStatus::Archived)
    );
    let mut found = if in_archive {
        Vec::new()
    } else {
        work_logs::list(reader, user, filter, before, limit).await?
    };
    let only_rows = matches!(
        filter.storage_status,
        Some(StorageStatus::Hot | StorageStatus::Warm)
    );
    if !only_rows && (filter.text.is_none() || archive_too || in_archive) {
        let range = ObjectFilter {
            conversation_id: filter.conversation_id,
            tier: filter.storage_status,
            from: None,
            below: before,
        };
        let matches_most =
            filter.text.is_none() && filter.log_type.is_none() && filter.status.is_none();
        let search = Search {
            archive,
            user,
            range,
            order: Order::NewestFirst,
            limit,
            matches_most,
        };
        let matches = |entry: &WorkLogEntry| {
            before.is_none_or(|before| entry.id < before) && filter.matches(entry)
        };
        search.merge(reader, &mut found, matches).await?;
    }
    Ok(found)
}

/// A conversation's entries of all tiers from `from` on, oldest first, at most `limit`.
pub async fn earliest(
    reader: &mut Reader,
    archive: &Archive,
    user: UserId,
    conversation: ConversationId,
    from: EntryId,
    limit: i64,
) -> Result<Vec<WorkLogEntry>> {
    let mut found = work_logs::earliest(reader, user, conversation, from, limit).await?;
    let range = ObjectFilter {
        conversation_id: Some(conversation),
        from: Some(from),
        ..ObjectFilter::default()
    };
    let search = Search {
        archive,
        user,
        range,
        order: Order::OldestFirst,
        limit,
        matches_most: true,
    };
    search
        .merge(reader, &mut found, |entry| entry.id >= from)
        .await?;
    Ok(found)
}

/// A search in the archive, from one end.
struct Search<'a> {
    archive: &'a Archive,
    user: UserId,
    range: ObjectFilter,
    order: Order,
    limit: i64,
    /// Whether nearly all entries match.
    matches_most: bool,
}

impl Search<'_> {
    /// Merges matching entries into the rows in `found` and keeps the first ones. Opens objects
    /// only as far as they may contain an entry before the last of `found`.
    async fn merge(
        &self,
        reader: &mut Reader,
        found: &mut Vec<WorkLogEntry>,
        matches: impl Fn(&WorkLogEntry) -> bool,
    ) -> Result<()> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let mut after: Option<ArchivedObjectRow> = None;
        loop {
            let last = found
                .last()
                .filter(|_| found.len() >= limit)
                .map(|entry| entry.id);
            let range = match self.order {
                Order::NewestFirst => ObjectFilter {
                    from: last.or(self.range.from),
                    ..self.range
                },
                Order::OldestFirst => ObjectFilter {
                    below: last.or(self.range.below),
                    ..self.range
                },
            };
            let batch_size = batch_size(self.archive);
            let listed = archived_objects::list(
                reader,
                self.user,
                range,
                self.order,
                after.as_ref(),
                batch_size as i64,
            )
            .await?;
            if let Some(next) = listed
                .first()
                .filter(|next| after.is_some() && self.is_time_up(next))
            {
                self.archive.mark_unsearched(next.last_id);
                found.retain(|entry| entry.id > next.last_id);
                return Ok(());
            }
            let missing = self.limit.saturating_sub(found.len() as i64);
            let needed = if self.matches_most && missing > 0 && !self.archive.has_given_up() {
                first_objects_with(&listed, missing)
            } else {
                &listed
            };
            found.extend(
                read_entries(reader, self.archive, self.user, needed)
                    .await?
                    .into_iter()
                    .filter(&matches),
            );
            match self.order {
                Order::NewestFirst => found.sort_by_key(|entry| std::cmp::Reverse(entry.id)),
                Order::OldestFirst => found.sort_by_key(|entry| entry.id),
            }
            found.truncate(limit);
            if needed.len() == listed.len() && listed.len() < batch_size {
                return Ok(());
            }
            after = needed.last().cloned();
        }
    }

    /// Whether the search's time is up, so that this object is left to the next page; that page
    /// then begins further back than this one.
    fn is_time_up(&self, next: &ArchivedObjectRow) -> bool {
        let further_back = self
            .range
            .below
            .is_none_or(|below| next.last_id.just_above() < below);
        !self.matches_most
            && self.order == Order::NewestFirst
            && further_back
            && self.archive.is_search_time_up()
    }
}

/// The first objects that together have this many entries; the others may not be needed.
fn first_objects_with(listed: &[ArchivedObjectRow], entries: i64) -> &[ArchivedObjectRow] {
    let mut sum = 0;
    let needed = |object: &&ArchivedObjectRow| {
        let needed = sum < entries;
        sum += object.entries;
        needed
    };
    &listed[..listed.iter().take_while(needed).count()]
}

fn batch_size(archive: &Archive) -> usize {
    if archive.has_given_up() {
        LIST_BATCH_SIZE
    } else {
        MAX_PARALLEL_FETCHES
    }
}

/// The counted entries of these objects.
async fn read_entries(
    reader: &mut Reader,
    archive: &Archive,
    user: UserId,
    objects: &[ArchivedObjectRow],
) -> Result<Vec<WorkLogEntry>> {
    let fetched = try_join_all(objects.iter().map(|object| archive.entries_or_gap(object))).await?;
    let mut found = Vec::new();
    for (entries, object) in fetched
        .iter()
        .zip(objects)
        .filter_map(|(entries, object)| Some((entries.as_ref()?, object)))
    {
        let tombstones = tombstones::of_object(reader, user, &object.key).await?;
        found.extend(
            entries
                .iter()
                .filter(|entry| !tombstones.contains(&entry.id))
                .map(|entry| to_entry(object, entry)),
        );
    }
    Ok(found)
}

/// One of the owner's entries, from any tier. The connection is released while the archive is read.
pub async fn find(
    mut reader: Reader,
    archive: &Archive,
    user: UserId,
    id: EntryId,
) -> Result<Option<WorkLogEntry>> {
    if let Some(entry) = work_logs::find(&mut reader, user, id).await? {
        return Ok(Some(entry));
    }
    Ok(find_archived(reader, archive, user, id)
        .await?
        .map(|(object, entry)| to_entry(&object, &entry)))
}

/// An archived entry and its object. Fails if the archive is unreachable, or if the entry is not
/// found and an object that may contain it cannot be read.
pub async fn find_archived(
    mut reader: Reader,
    archive: &Archive,
    user: UserId,
    id: EntryId,
) -> Result<Option<(ArchivedObjectRow, StoredEntry)>> {
    let objects = objects_covering(&mut reader, user, id).await?;
    drop(reader);
    let mut unreadable = None;
    for object in objects {
        match archive.entries(&object.key, &object.sha256).await {
            Ok(entries) => {
                if let Some(entry) = entries.iter().find(|entry| entry.id == id) {
                    return Ok(Some((object, entry.clone())));
                }
            }
            Err(why @ ArchiveError::Unreachable(_)) => return Err(why.into()),
            Err(why) => unreadable = unreadable.or(Some(why)),
        }
    }
    unreadable.map_or(Ok(None), |why| Err(why.into()))
}

/// The objects whose range includes this id and that have no tombstone for it.
async fn objects_covering(
    reader: &mut Reader,
    user: UserId,
    id: EntryId,
) -> Result<Vec<ArchivedObjectRow>> {
    let range = ObjectFilter {
        from: Some(id),
        below: Some(id.just_above()),
        ..ObjectFilter::default()
    };
    let (mut found, mut after): (Vec<ArchivedObjectRow>, Option<ArchivedObjectRow>) =
        (Vec::new(), None);
    loop {
        let listed = archived_objects::list(
            reader,
            user,
            range,
            Order::NewestFirst,
            after.as_ref(),
            LIST_BATCH_SIZE as i64,
        )
        .await?;
        after = listed
            .last()
            .filter(|_| listed.len() == LIST_BATCH_SIZE)
            .cloned();
        for object in listed {
            if !tombstones::of_object(reader, user, &object.key)
                .await?
                .contains(&id)
            {
                found.push(object);
            }
        }
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// An archived entry as readers see it.
pub fn to_entry(object: &ArchivedObjectRow, entry: &StoredEntry) -> WorkLogEntry {
    let expires_at = object
        .cold_days
        .map(|days| entry.timestamp.plus(days * DAY_MS));
    entry.clone().into_entry(
        object.tier,
        (expires_at, object.held_by),
        Some(object.archived_at),
    )
}
