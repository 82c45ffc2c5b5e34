//! The archive's list of erasures: it lies beside the objects, so that it outlives the database. A
//! file of it has the SHA-256 of its content for a name.

use crate::{
    domain::time::Timestamp,
    server::{
        archive::{Archive, Tiers, object, pending_delete::subject},
        base::{
            error::{ArchiveError, Result},
            fail_points::{FailPoint, reach},
        },
        store::retention::erasures::{self, Erasure, ErasureKind},
    },
};
use bytes::Bytes;
use futures::TryStreamExt;
use serde_json::json;
use std::{collections::HashSet, fmt::Display};

/// Where the list lies.
const LIST: &str = "erased/v1";
/// Erasures in one file of the list.
const AT_ONCE: i64 = 1_000;

/// Adds new erasures to the archive's list.
pub async fn mirror(tiers: &Tiers, now: Timestamp) -> Result<()> {
    loop {
        let fresh = erasures::unmirrored(&mut *tiers.store.read().await?, AT_ONCE).await?;
        if fresh.is_empty() {
            return Ok(());
        }
        let lines: String = fresh
            .iter()
            .map(|erasure| json!(erasure).to_string() + "\n")
            .collect();
        let key = name(lines.as_bytes());
        tiers
            .archive
            .create(&key, lines.clone().into_bytes())
            .await?;
        reach(FailPoint::ListPut).await;
        if tiers.archive.get(&key).await? != lines.as_bytes() {
            tiers
                .archive
                .replace(&key, lines.clone().into_bytes())
                .await?;
        }
        if tiers.archive.get(&key).await? != lines.as_bytes() {
            return Err(ArchiveError::Damaged(
                key,
                "it does not hold the erasures that were put".to_owned(),
            )
            .into());
        }
        reach(FailPoint::ListReadBack).await;
        let mut tx = tiers.store.begin().await?;
        erasures::mirrored(&mut tx, now, &fresh).await?;
        reach(FailPoint::ListWritten).await;
        tx.commit().await?;
    }
}

/// Adds new erasures as [`mirror`] does. Where files of the list are damaged, it first takes over
/// what can be read of them, then writes the whole list anew from the database and deletes them.
/// Returns how many were damaged.
pub async fn mend(tiers: &Tiers, now: Timestamp) -> Result<usize> {
    let damaged: Vec<_> = files(&tiers.archive)
        .await?
        .into_iter()
        .filter(|(key, bytes)| !is_whole(key, bytes))
        .collect();
    if !damaged.is_empty() {
        let mut tx = tiers.store.begin().await?;
        for (_, bytes) in &damaged {
            // what can be read may be of a time before another backup was restored, which the
            // database does not know
            for erasure in bytes
                .split(|byte| *byte == b'\n')
                .filter_map(|line| serde_json::from_slice::<Erasure>(line).ok())
            {
                erasures::note(
                    &mut tx,
                    Timestamp::from_millis(erasure.erased_at),
                    &erasure.kind,
                    &erasure.subject,
                )
                .await?;
            }
        }
        erasures::unmirror(&mut tx).await?;
        tx.commit().await?;
    }
    mirror(tiers, now).await?;
    for (key, _) in &damaged {
        let bytes = tiers.archive.get(key).await?;
        if !is_whole(key, &bytes) {
            tiers.archive.delete(key).await?;
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

/// What the list names.
#[derive(Debug)]
pub(crate) struct ErasedIds(HashSet<(String, String)>);

impl ErasedIds {
    /// Whether it names this one.
    pub(crate) fn has(&self, kind: ErasureKind, id: impl Display) -> bool {
        self.0.contains(&(kind.as_str().to_owned(), subject(id)))
    }

    /// Whether it names any of this kind.
    pub(crate) fn has_any(&self, kind: ErasureKind) -> bool {
        self.0.iter().any(|(of, _)| of == kind.as_str())
    }
}

/// Reads the list. Errors: a file cannot be reached or is damaged.
pub(crate) async fn read(archive: &Archive) -> Result<ErasedIds> {
    let mut erased = HashSet::new();
    for (key, bytes) in files(archive).await? {
        if !is_whole(&key, &bytes) {
            return Err(ArchiveError::Damaged(
                key,
                "its name is not the hash of what it holds".to_owned(),
            )
            .into());
        }
        let read = serde_json::Deserializer::from_slice(&bytes).into_iter::<Erasure>();
        for erasure in read {
            let erasure =
                erasure.map_err(|why| ArchiveError::Damaged(key.clone(), why.to_string()))?;
            erased.insert((erasure.kind, erasure.subject));
        }
    }
    Ok(ErasedIds(erased))
}
