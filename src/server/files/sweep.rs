//! Files that nobody needs: doomed ones, and those that no row names, left by a process that died
//! between storing a file and saying so.

use crate::{
    domain::{
        ids::{FileId, UserId},
        time::{DAY_MS, Timestamp},
    },
    server::{
        base::{error::Result, log_targets},
        files::{
            FileStore, StoredFile,
            orphans::{self, Orphans, by_person},
        },
        store::{Store, files, meta},
    },
};
use futures::{StreamExt, TryStreamExt};

/// Files looked at together.
const AT_ONCE: usize = 500;

/// Deletes the bytes of doomed files. Returns how many. Errors: the storage did not take it; what
/// is left is deleted the next time.
pub async fn delete_marked_files(store: &Store, stored: &FileStore) -> Result<usize> {
    let mut deleted = 0;
    loop {
        let doomed =
            files::marked_for_delete(&mut *store.connection().await?, AT_ONCE as i64).await?;
        if doomed.is_empty() {
            return Ok(deleted);
        }
        for (user, ids) in by_person(doomed) {
            stored.delete(user, &ids).await?;
            let mut tx = store.begin().await?;
            files::forget_marked(&mut tx, user, &ids).await?;
            tx.commit().await?;
            deleted += ids.len();
        }
    }
}

/// The same for somebody whose deletion is done already.
pub async fn delete_marked_files_or_log(store: &Store, stored: &FileStore) {
    if let Err(error) = delete_marked_files(store, stored).await {
        tracing::error!(
            target: log_targets::FILES_SWEEP,
            %error, "files could not be deleted yet; it is tried again every hour"
        );
    }
}

/// Deletes orphans, once a day on however many servers, or because an admin says that the database
/// is the right one (`confirmed`). Returns how many there were.
pub async fn sweep_files(
    store: &Store,
    stored: &FileStore,
    now: Timestamp,
    confirmed: bool,
) -> Result<usize> {
    let Some(before) = orphans::cut_off(store, now, confirmed).await? else {
        return Ok(0);
    };
    let mut tx = store.begin().await?;
    let due = meta::claim(&mut tx, "files_swept_at", now, DAY_MS).await?;
    tx.commit().await?;
    if !due && !confirmed {
        return Ok(0);
    }
    let (orphans, _) = look(store, stored, before)
        .await?
        .to_delete("stored files", confirmed)?;
    let deleted = orphans.len();
    for (user, ids) in by_person(orphans) {
        stored.delete(user, &ids).await?;
    }
    Ok(deleted)
}

/// Looks through the files that were stored before `before`.
async fn look(
    store: &Store,
    stored: &FileStore,
    before: Timestamp,
) -> Result<Orphans<(UserId, FileId)>> {
    let mut orphans = Orphans::none();
    let mut chunks = stored.stored(before).try_chunks(AT_ONCE);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk
            .map_err(|error| error.1)?
            .into_iter()
            .map(|StoredFile { user, id, .. }| (user, id));
        for (user, ids) in by_person(chunk) {
            let known = files::known(&mut *store.connection().await?, user, &ids).await?;
            ids.into_iter()
                .for_each(|id| orphans.note((user, id), known.contains(&id)));
        }
    }
    Ok(orphans)
}
