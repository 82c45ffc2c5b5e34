//! A user's whole log of all tiers, page by page, for an export.

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

/// Entries per page.
pub const PAGE: i64 = 200;
/// Concurrent page reads of exports; if the archive is slow, the other long-read connections stay
/// free for pages.
pub(super) const MAX_PARALLEL_EXPORTS: usize = 2;

/// Like [`retry_on_moved_object`], waiting for one of the export slots.
pub async fn read_export_page<T, F>(
    store: &Store,
    archive: &Archive,
    read: impl FnMut(Reader) -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let _permit = archive.exports.acquire().await;
    retry_on_moved_object(store, read).await
}

/// Pages of entries, newest first. An error ends the stream, so that an incomplete export is
/// noticed.
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
            let page = read_export_page(&store, archive, read).await?;
            let next = page
                .last()
                .map(|entry| Some(entry.id))
                .filter(|_| page.len() as i64 == PAGE);
            Ok(Some((page, next)))
        }
    })
}
