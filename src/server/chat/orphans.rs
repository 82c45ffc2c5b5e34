//! Files that no row names: left by a process that died between storing a file and saying so, or by a deletion that did
//! not reach the storage.

use crate::{
    ids::{FileId, UserId},
    server::{
        error::Result,
        file_store::{FileStore, StoredFile},
        store::{Store, files, meta},
    },
    timestamp::{DAY_MS, Timestamp},
};
use futures::{StreamExt, TryStreamExt};
use std::collections::HashMap;

/// How old an orphan is at least, in milliseconds: a file is stored before the transaction that names it.
const ORPHANED_AFTER_MS: i64 = 2 * DAY_MS;
/// Files looked at together.
const AT_ONCE: usize = 500;

/// Deletes orphans, once a day on however many servers. Returns how many there were.
pub async fn sweep_files(store: &Store, stored: &FileStore, now: Timestamp) -> Result<usize> {
    let mut tx = store.begin().await?;
    let due = meta::claim(&mut tx, "files_swept_at", now, DAY_MS).await?;
    tx.commit().await?;
    if !due {
        return Ok(0);
    }
    let before = now.plus(-ORPHANED_AFTER_MS);
    let mut deleted = 0;
    let mut chunks = stored.stored(before).try_chunks(AT_ONCE);
    while let Some(chunk) = chunks.next().await {
        let mut of_person: HashMap<UserId, Vec<FileId>> = HashMap::new();
        for StoredFile { user, id, .. } in chunk.map_err(|error| error.1)? {
            of_person.entry(user).or_default().push(id);
        }
        for (user, mut ids) in of_person {
            let known = files::known(&mut *store.read().await?, user, &ids).await?;
            ids.retain(|id| !known.contains(id));
            stored.delete(user, &ids).await?;
            deleted += ids.len();
        }
    }
    Ok(deleted)
}
