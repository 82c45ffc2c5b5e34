//! The erasure log, which is stored next to the objects so that it survives the database. Each of
//! its files is named after the SHA-256 of its content.

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

/// The prefix of the log's files.
const PREFIX: &str = "erased/v1";
/// Erasures per file.
const ERASURES_PER_FILE: i64 = 1_000;

/// Writes new erasures to the log.
pub async fn sync(tiers: &Tiers, now: Timestamp) -> Result<()> {
    loop {
        let new = erasures::unlogged(&mut *tiers.store.read().await?, ERASURES_PER_FILE).await?;
        if new.is_empty() {
            return Ok(());
        }
        let lines: String = new
            .iter()
            .map(|erasure| json!(erasure).to_string() + "\n")
            .collect();
        let key = key_of(lines.as_bytes());
        tiers
            .archive
            .create(&key, lines.clone().into_bytes())
            .await?;
        reach(FailPoint::LogPut).await;
        if tiers.archive.get(&key).await? != lines.as_bytes() {
            tiers
                .archive
                .replace(&key, lines.clone().into_bytes())
                .await?;
        }
        if tiers.archive.get(&key).await? != lines.as_bytes() {
            return Err(ArchiveError::Damaged(
                key,
                "it does not contain the erasures that were written".to_owned(),
            )
            .into());
        }
        reach(FailPoint::LogReadBack).await;
        let mut tx = tiers.store.begin().await?;
        erasures::mark_logged(&mut tx, now, &new).await?;
        reach(FailPoint::LogWritten).await;
        tx.commit().await?;
    }
}

/// Like [`sync`], and repairs damaged files of the log: their readable erasures are saved to the
/// database, the whole log is written again, and the damaged files are deleted. Returns the number
/// of damaged files.
pub async fn repair(tiers: &Tiers, now: Timestamp) -> Result<usize> {
    let damaged: Vec<_> = files(&tiers.archive)
        .await?
        .into_iter()
        .filter(|(key, bytes)| !is_intact(key, bytes))
        .collect();
    if !damaged.is_empty() {
        let mut tx = tiers.store.begin().await?;
        for (_, bytes) in &damaged {
            // after restoring a backup, the file may contain erasures that the database does not
            // know
            for erasure in bytes
                .split(|byte| *byte == b'\n')
                .filter_map(|line| serde_json::from_slice::<Erasure>(line).ok())
            {
                erasures::record(
                    &mut tx,
                    Timestamp::from_millis(erasure.erased_at),
                    &erasure.kind,
                    &erasure.subject,
                )
                .await?;
            }
        }
        erasures::mark_all_unlogged(&mut tx).await?;
        tx.commit().await?;
    }
    sync(tiers, now).await?;
    for (key, _) in &damaged {
        let bytes = tiers.archive.get(key).await?;
        if !is_intact(key, &bytes) {
            tiers.archive.delete(key).await?;
        }
    }
    Ok(damaged.len())
}

/// The log's files and their content.
async fn files(archive: &Archive) -> Result<Vec<(String, Bytes)>> {
    let mut files = Vec::new();
    let listed: Vec<_> = archive.list(PREFIX).try_collect().await?;
    for file in listed {
        let bytes = archive.get(&file.key).await?;
        files.push((file.key, bytes));
    }
    Ok(files)
}

fn is_intact(key: &str, bytes: &[u8]) -> bool {
    key == key_of(bytes)
}

fn key_of(bytes: &[u8]) -> String {
    format!("{PREFIX}/{}.ndjson", object::hex_sha256(bytes))
}

/// The erasures in the log.
#[derive(Debug)]
pub(crate) struct ErasedIds(HashSet<(String, String)>);

impl ErasedIds {
    /// Whether the log contains this id.
    pub(crate) fn contains(&self, kind: ErasureKind, id: impl Display) -> bool {
        self.0.contains(&(kind.as_str().to_owned(), subject(id)))
    }

    /// Whether the log contains any id of this kind.
    pub(crate) fn contains_any(&self, kind: ErasureKind) -> bool {
        self.0.iter().any(|(of, _)| of == kind.as_str())
    }
}

/// Reads the log. Fails if a file is unreachable or damaged.
pub(crate) async fn read(archive: &Archive) -> Result<ErasedIds> {
    let mut erased = HashSet::new();
    for (key, bytes) in files(archive).await? {
        if !is_intact(&key, &bytes) {
            return Err(ArchiveError::Damaged(
                key,
                "its name is not the hash of its content".to_owned(),
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
