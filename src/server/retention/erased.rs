//! The archive's list of erasures: it lies beside the objects, so that it outlives the database. A file of it has the SHA-256 of its
//! content for a name.

use super::{
    Archive, ArchiveError, Retention,
    fail_points::{FailPoint, reach},
    object,
};
use crate::{
    server::{
        error::Result,
        store::retention::erasures::{self, Erasure},
    },
    timestamp::Timestamp,
};
use bytes::Bytes;
use futures::TryStreamExt;
use std::collections::HashSet;

/// Where the list lies.
const LIST: &str = "erased/v1";
/// Erasures in one file of the list.
const AT_ONCE: i64 = 1_000;

/// Adds new erasures to the archive's list.
pub async fn mirror(retention: &Retention, now: Timestamp) -> Result<()> {
    loop {
        let fresh = erasures::unmirrored(&mut *retention.store.read().await?, AT_ONCE).await?;
        if fresh.is_empty() {
            return Ok(());
        }
        let lines: String = fresh.iter().filter_map(|erasure| serde_json::to_string(erasure).ok()).map(|line| line + "\n").collect();
        let key = name(lines.as_bytes());
        retention.archive.create(&key, lines.clone().into_bytes()).await?;
        reach(FailPoint::ListPut).await;
        if retention.archive.get(&key).await? != lines.as_bytes() {
            retention.archive.replace(&key, lines.clone().into_bytes()).await?;
        }
        if retention.archive.get(&key).await? != lines.as_bytes() {
            return Err(ArchiveError::Damaged(key, "it does not hold the erasures that were put".to_owned()).into());
        }
        reach(FailPoint::ListReadBack).await;
        let mut tx = retention.store.begin().await?;
        erasures::mirrored(&mut tx, now, &fresh).await?;
        reach(FailPoint::ListWritten).await;
        tx.commit().await?;
    }
}

/// As [`mirror`]; where a file of the list is damaged, writes it all anew from the database and deletes that file: one that was put
/// in vain and has given way to others, or one that the store has spoiled since. Returns how many were.
pub async fn mend(retention: &Retention, now: Timestamp) -> Result<usize> {
    let damaged: Vec<_> = files(&retention.archive).await?.into_iter().filter(|(key, bytes)| !is_whole(key, bytes)).collect();
    if !damaged.is_empty() {
        let mut tx = retention.store.begin().await?;
        for (_, bytes) in &damaged {
            // what can be read may be of a time before another backup was restored, which the database does not know
            for erasure in bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Erasure>(line).ok()) {
                erasures::note(&mut tx, Timestamp::from_millis(erasure.erased_at), &erasure.kind, &erasure.subject).await?;
            }
        }
        erasures::unmirror(&mut tx).await?;
        tx.commit().await?;
    }
    mirror(retention, now).await?;
    for (key, _) in &damaged {
        let bytes = retention.archive.get(key).await?;
        if !is_whole(key, &bytes) {
            retention.archive.delete(key).await?;
        }
    }
    Ok(damaged.len())
}

/// The list's files, with what they hold.
async fn files(archive: &Archive) -> Result<Vec<(String, Bytes)>> {
    let mut files = Vec::new();
    let listed: Vec<_> = archive.list(LIST).try_collect().await?;
    for file in listed {
        let bytes = archive.get(&file.key).await?;
        files.push((file.key, bytes));
    }
    Ok(files)
}

fn is_whole(key: &str, bytes: &[u8]) -> bool {
    key == name(bytes)
}

fn name(bytes: &[u8]) -> String {
    format!("{LIST}/{}.ndjson", object::hex_sha256(bytes))
}

/// What the list names: kinds, and SHA-256 of ids. Errors: a file cannot be reached or is damaged.
pub(super) async fn read(archive: &Archive) -> Result<HashSet<(String, String)>> {
    let mut erased = HashSet::new();
    for (key, bytes) in files(archive).await? {
        let read = serde_json::Deserializer::from_slice(&bytes).into_iter::<Erasure>();
        for erasure in read {
            let erasure = erasure.map_err(|why| ArchiveError::Damaged(key.clone(), why.to_string()))?;
            erased.insert((erasure.kind, erasure.subject));
        }
    }
    Ok(erased)
}
