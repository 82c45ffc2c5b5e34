//! Deletes unneeded files: those marked for deletion, and those without a row, left by a process
//! that ended between storing and recording a file.

use crate::{
    domain::{
        ids::{FileId, UserId},
        time::{DAY_MS, Timestamp},
    },
    server::{
        base::{error::Result, log_targets},
        files::{
            FileStore, StoredFile,
            orphans::{self, Orphans, by_user},
        },
        store::{Store, files, meta},
    },
};
use futures::{StreamExt, TryStreamExt};

/// Files per query.
const BATCH_SIZE: usize = 500;

/// Deletes the bytes of files marked for deletion; returns their number. Fails if the storage does;
/// the next call continues.
pub async fn delete_marked_files(store: &Store, files: &FileStore) -> Result<usize> {
    let mut deleted = 0;
    loop {
        let marked =
            files::marked_for_delete(&mut *store.connection().await?, BATCH_SIZE as i64).await?;
        if marked.is_empty() {
            return Ok(deleted);
        }
        for (user, ids) in by_user(marked) {
            files.delete(user, &ids).await?;
            let mut tx = store.begin().await?;
            files::forget_marked(&mut tx, user, &ids).await?;
            tx.commit().await?;
            deleted += ids.len();
        }
    }
}

/// Like [`delete_marked_files`], but logs an error, for callers whose deletion is already
/// committed.
pub async fn delete_marked_files_or_log(store: &Store, files: &FileStore) {
    if let Err(error) = delete_marked_files(store, files).await {
        tracing::error!(
            target: log_targets::FILES_SWEEP,
            %error, "cannot delete files; trying again every hour"
        );
    }
}

/// Deletes orphans, at most once a day over all servers, or whenever an admin confirms that the
/// database is the right one (`confirmed`). Returns their number.
pub async fn sweep_files(
    store: &Store,
    files: &FileStore,
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
    let (orphans, _) = find_orphans(store, files, before)
        .await?
        .to_delete("stored files", confirmed)?;
    let deleted = orphans.len();
    for (user, ids) in by_user(orphans) {
        files.delete(user, &ids).await?;
    }
    Ok(deleted)
}

/// Finds orphans among the files stored before `before`.
async fn find_orphans(
    store: &Store,
    files: &FileStore,
    before: Timestamp,
) -> Result<Orphans<(UserId, FileId)>> {
    let mut orphans = Orphans::empty();
    let mut chunks = files.stored(before).try_chunks(BATCH_SIZE);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk
            .map_err(|error| error.1)?
            .into_iter()
            .map(|StoredFile { user, id, .. }| (user, id));
        for (user, ids) in by_user(chunk) {
            let known = files::known(&mut *store.connection().await?, user, &ids).await?;
            ids.into_iter()
                .for_each(|id| orphans.add((user, id), known.contains(&id)));
        }
    }
    Ok(orphans)
}
