//! Rows and archive as one list, in one order, with one cursor. Rows and manifest are read in one
//! snapshot; an object that is gone by the time it is fetched means that the snapshot is old: the
//! caller reads anew.

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

/// Objects fetched at once.
const AT_ONCE: usize = 8;
/// Objects listed at once where they are not fetched.
const PASSED_AT_ONCE: usize = 500;
/// How often a reader begins anew when runs move what it reads.
const TRIES: usize = 4;

/// Reads anew, from a new snapshot, while the archive changes under the reading.
pub async fn retry_on_moved_object<T, F>(
    store: &Store,
    mut read: impl FnMut(Reader) -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    for _ in 1..TRIES {
        match read(store.read_long().await?).await {
            Err(Error::Archive(ArchiveError::Missing(_))) => {}
            read => return read,
        }
    }
    read(store.read_long().await?).await
}

/// Reads as [`retry_on_moved_object`] does; what the archive does not give is told in gaps beside what was read.
pub async fn read_partial<T, F>(
    store: &Store,
    archive: &Archive,
    mut read: impl FnMut(Reader, Archive) -> F,
) -> Result<(T, Vec<Gap>)>
where
    F: Future<Output = Result<T>>,
{
    for _ in 1..TRIES {
        let reader = store.read_long().await?;
        let gaps = GapCollector::new(false);
        match read(reader, archive.forgiving(gaps.clone())).await {
            Err(Error::Archive(ArchiveError::Missing(_))) => {}
            read => return Ok((read?, gaps.noted())),
        }
    }
    let reader = store.read_long().await?;
    let gaps = GapCollector::new(true);
    let found = read(reader, archive.forgiving(gaps.clone())).await?;
    Ok((found, gaps.noted()))
}

/// The owner's entries that pass the filter and are older than `before`, newest first, at most
/// `limit`. Text is looked for in the archive only with `archive_too`, or where the filter asks for
/// one of its tiers.
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
        let reach = ObjectFilter {
            conversation_id: filter.conversation_id,
            tier: filter.storage_status,
            from: None,
            below: before,
        };
        let plain = filter.text.is_none() && filter.log_type.is_none() && filter.status.is_none();
        let search = Search {
            archive,
            user,
            reach,
            order: Order::NewestFirst,
            most: limit,
            plain,
        };
        let passes = |entry: &WorkLogEntry| {
            before.is_none_or(|before| entry.id < before) && filter.passes(entry)
        };
        search.merge(reader, &mut found, passes).await?;
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
    let mut found = work_logs::earliest(reader, user, conversation, from, limit).await?;
    let reach = ObjectFilter {
        conversation_id: Some(conversation),
        from: Some(from),
        ..ObjectFilter::default()
    };
    let search = Search {
        archive,
        user,
        reach,
        order: Order::OldestFirst,
        most: limit,
        plain: true,
    };
    search
        .merge(reader, &mut found, |entry| entry.id >= from)
        .await?;
    Ok(found)
}

/// Looking for entries in the archive, from one end.
struct Search<'a> {
    archive: &'a Archive,
    user: UserId,
    reach: ObjectFilter,
    order: Order,
    most: i64,
    /// Whether about everything in the objects passes.
    plain: bool,
}

impl Search<'_> {
    /// Merges what passes into the rows that were found, and keeps those that come first. Objects
    /// are opened as far as they may hold something that comes before the last of what was found.
    async fn merge(
        &self,
        reader: &mut Reader,
        found: &mut Vec<WorkLogEntry>,
        passes: impl Fn(&WorkLogEntry) -> bool,
    ) -> Result<()> {
        let most = usize::try_from(self.most).unwrap_or(usize::MAX);
        let mut after: Option<ArchivedObjectRow> = None;
        loop {
            let last = found
                .last()
                .filter(|_| found.len() >= most)
                .map(|entry| entry.id);
            let reach = match self.order {
                Order::NewestFirst => ObjectFilter {
                    from: last.or(self.reach.from),
                    ..self.reach
                },
                Order::OldestFirst => ObjectFilter {
                    below: last.or(self.reach.below),
                    ..self.reach
                },
            };
            let at_once = at_once(self.archive);
            let listed = archived_objects::list(
                reader,
                self.user,
                reach,
                self.order,
                after.as_ref(),
                at_once as i64,
            )
            .await?;
            if let Some(next) = listed
                .first()
                .filter(|next| after.is_some() && self.ends_before(next))
            {
                self.archive.leave_unsearched(next.last_id);
                found.retain(|entry| entry.id > next.last_id);
                return Ok(());
            }
            let missing = self.most.saturating_sub(found.len() as i64);
            let needed = if self.plain && missing > 0 && !self.archive.is_silent() {
                enough(&listed, missing)
            } else {
                &listed
            };
            found.extend(
                gather(reader, self.archive, self.user, needed)
                    .await?
                    .into_iter()
                    .filter(&passes),
            );
            match self.order {
                Order::NewestFirst => found.sort_by_key(|entry| std::cmp::Reverse(entry.id)),
                Order::OldestFirst => found.sort_by_key(|entry| entry.id),
            }
            found.truncate(most);
            if needed.len() == listed.len() && listed.len() < at_once {
                return Ok(());
            }
            after = needed.last().cloned();
        }
    }

    /// Whether the reader has searched for so long that this object is left to the next page, which
    /// then begins further back than this one.
    fn ends_before(&self, next: &ArchivedObjectRow) -> bool {
        let further_back = self
            .reach
            .below
            .is_none_or(|below| next.last_id.just_above() < below);
        !self.plain
            && self.order == Order::NewestFirst
            && further_back
            && self.archive.has_searched_long()
    }
}

/// The first of these objects that have so many entries between them; the others may not be needed.
fn enough(listed: &[ArchivedObjectRow], entries: i64) -> &[ArchivedObjectRow] {
    let mut sum = 0;
    let needed = |shelf: &&ArchivedObjectRow| {
        let needed = sum < entries;
        sum += shelf.entries;
        needed
    };
    &listed[..listed.iter().take_while(needed).count()]
}

fn at_once(archive: &Archive) -> usize {
    if archive.is_silent() {
        PASSED_AT_ONCE
    } else {
        AT_ONCE
    }
}

/// The entries in these objects that count.
async fn gather(
    reader: &mut Reader,
    archive: &Archive,
    user: UserId,
    shelves: &[ArchivedObjectRow],
) -> Result<Vec<WorkLogEntry>> {
    let fetched = try_join_all(shelves.iter().map(|shelf| archive.shelf(shelf))).await?;
    let mut found = Vec::new();
    for (entries, shelf) in fetched
        .iter()
        .zip(shelves)
        .filter_map(|(entries, shelf)| Some((entries.as_ref()?, shelf)))
    {
        let gone = tombstones::of(reader, user, &shelf.key).await?;
        found.extend(
            entries
                .iter()
                .filter(|entry| !gone.contains(&entry.id))
                .map(|entry| to_entry(shelf, entry)),
        );
    }
    Ok(found)
}

/// One entry of its owner, wherever it is kept. While the archive is asked, the connection is free
/// for others.
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
        .map(|(shelf, entry)| to_entry(&shelf, &entry)))
}

/// One entry that lies in the archive, and where. Errors: the archive does not answer, or the entry
/// is in no object that can be read and one that may have it cannot.
pub async fn find_archived(
    mut reader: Reader,
    archive: &Archive,
    user: UserId,
    id: EntryId,
) -> Result<Option<(ArchivedObjectRow, StoredEntry)>> {
    let shelves = reaching(&mut reader, user, id).await?;
    drop(reader);
    let mut unread = None;
    for shelf in shelves {
        match archive.entries(&shelf.key, &shelf.sha256).await {
            Ok(entries) => {
                if let Some(entry) = entries.iter().find(|entry| entry.id == id) {
                    return Ok(Some((shelf, entry.clone())));
                }
            }
            Err(why @ ArchiveError::Unreachable(_)) => return Err(why.into()),
            Err(why) => unread = unread.or(Some(why)),
        }
    }
    unread.map_or(Ok(None), |why| Err(why.into()))
}

/// The objects that reach over this id and in which nothing says that it does not count.
async fn reaching(
    reader: &mut Reader,
    user: UserId,
    id: EntryId,
) -> Result<Vec<ArchivedObjectRow>> {
    let reach = ObjectFilter {
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
            reach,
            Order::NewestFirst,
            after.as_ref(),
            PASSED_AT_ONCE as i64,
        )
        .await?;
        after = listed
            .last()
            .filter(|_| listed.len() == PASSED_AT_ONCE)
            .cloned();
        for shelf in listed {
            if !tombstones::of(reader, user, &shelf.key)
                .await?
                .contains(&id)
            {
                found.push(shelf);
            }
        }
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// An entry that lies in the archive, as readers see it.
pub fn to_entry(shelf: &ArchivedObjectRow, entry: &StoredEntry) -> WorkLogEntry {
    let expires_at = shelf
        .cold_days
        .map(|days| entry.timestamp.plus(days * DAY_MS));
    entry.clone().entry(
        shelf.tier,
        (expires_at, shelf.held_by),
        Some(shelf.archived_at),
    )
}
