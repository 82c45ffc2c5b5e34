//! A person's whole log, tier by tier, a page at a time: what an export holds.

use super::{
    Archive,
    reader::{list, retry_on_moved_object},
};
use crate::{
    domain::{
        WorkLogEntry,
        ids::{EntryId, UserId},
    },
    server::{
        base::error::Result,
        store::{Reader, Store, work_logs::EntryFilter},
    },
};
use futures::{Stream, stream};

/// Entries read at once.
pub const PAGE: i64 = 200;
/// Pages read at once: where the archive is slow, the other connections that may wait for it are
/// for people who look at a page.
pub(super) const AT_ONCE: usize = 2;

/// Reads a page of an export as [`retry_on_moved_object`] does, when its turn comes.
pub async fn read_when_free<T, F>(
    store: &Store,
    archive: &Archive,
    read: impl FnMut(Reader) -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let _turn = archive.exports.acquire().await;
    retry_on_moved_object(store, read).await
}

/// Pages of entries, newest first, until there are no more. An error ends them short, so nobody
/// takes them for whole.
pub fn pages(
    store: Store,
    archive: Archive,
    user: UserId,
    filter: EntryFilter,
) -> impl Stream<Item = Result<Vec<WorkLogEntry>>> {
    stream::try_unfold(Some(None::<EntryId>), move |before| {
        let (store, archive, filter) = (store.clone(), archive.clone(), filter.clone());
        async move {
            let Some(before) = before else {
                return Ok(None);
            };
            let (archive, filter) = (&archive, (&filter, false));
            let read = |mut reader| async move {
                list(&mut reader, archive, user, filter, before, PAGE).await
            };
            let page = read_when_free(&store, archive, read).await?;
            let next = page
                .last()
                .map(|entry| Some(entry.id))
                .filter(|_| page.len() as i64 == PAGE);
            Ok(Some((page, next)))
        }
    })
}
