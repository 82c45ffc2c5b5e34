//! Objects that turn out to be damaged or missing. Whoever reads one only says so in passing and goes on; it is written down beside,
//! and taken back once the object is read whole again.

use super::{ArchiveError, Retention, object};
use crate::{
    server::{
        clock::Clock,
        error::{Error, Result},
        store::retention::{
            damage::{self, DamagedObject},
            objects,
        },
    },
    timestamp::Timestamp,
};
use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// Damaged objects that are remembered; of more, the next ones are found once these are mended.
const MOST: usize = 1_000;
/// Damaged objects that are read again at once.
const AT_ONCE: i64 = 50;

/// What readers of one archive found.
#[derive(Debug, Clone, Default)]
pub struct Findings(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    found: Mutex<Found>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Found {
    /// Keys, and whether the object is whole.
    unwritten: BTreeMap<String, bool>,
    damaged: HashSet<String>,
}

impl Findings {
    /// Takes note of how reading an object went, if that is new.
    pub(super) fn hear<T>(&self, key: &str, read: &std::result::Result<T, ArchiveError>) {
        let mut found = self.lock();
        let (whole, is_new) = match read {
            Ok(_) => (true, found.damaged.remove(key)),
            Err(ArchiveError::Unreachable(_)) => return,
            Err(_) => (false, found.damaged.len() < MOST && found.damaged.insert(key.to_owned())),
        };
        if is_new {
            found.unwritten.insert(key.to_owned(), whole);
            self.0.news.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Found> {
        self.0.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes down what was found since the last time. What could not be written is written the next time.
pub async fn write_down(retention: &Retention, now: Timestamp) -> Result<()> {
    let findings = &retention.archive.findings;
    let unwritten = std::mem::take(&mut findings.lock().unwritten);
    if unwritten.is_empty() {
        return Ok(());
    }
    let written = write(retention, &unwritten, now).await;
    let mut found = findings.lock();
    match written {
        Ok(not_in_use) => {
            found.damaged.retain(|key| !not_in_use.contains(key));
            Ok(())
        }
        Err(error) => {
            let newer = std::mem::replace(&mut found.unwritten, unwritten);
            found.unwritten.extend(newer);
            Err(error)
        }
    }
}

/// Returns the keys of objects that are not in use, so that nothing is wrong about them: whoever missed them saw an old snapshot.
async fn write(retention: &Retention, found: &BTreeMap<String, bool>, now: Timestamp) -> Result<Vec<String>> {
    let mut not_in_use = Vec::new();
    let mut tx = retention.store.begin().await?;
    for (key, whole) in found {
        let Some(owner) = object::owner(key) else { continue };
        if *whole {
            damage::clear(&mut tx, owner, key).await?;
        } else if damage::note(&mut tx, owner, key, now).await? {
            tracing::error!(key, "an object of the archive is damaged or missing: put it back from a copy of the archive");
        } else {
            not_in_use.push(key.clone());
        }
    }
    tx.commit().await?;
    Ok(not_in_use)
}

/// Writes down what is found, as soon as it is.
pub async fn keep_written(retention: Retention, clock: Clock) {
    loop {
        retention.archive.findings.0.news.notified().await;
        if let Err(error) = write_down(&retention, clock.now()).await {
            tracing::warn!(%error, "a damaged object could not be noted yet; the next run does it");
        }
    }
}

/// Reads damaged objects again, and goes on while some of them turn out to be whole. Errors: the database failed.
pub(super) async fn look_again(retention: &Retention, now: Timestamp) -> Result<()> {
    let mut after = String::new();
    loop {
        let listed = damage::listed(&mut *retention.store.read().await?, &after, AT_ONCE).await?;
        let Some(last) = listed.last() else { break };
        after.clone_from(&last.key);
        retention.archive.findings.lock().damaged.extend(listed.iter().map(|object| object.key.clone()));
        if !some_are_whole(retention, &listed).await {
            break;
        }
    }
    write_down(retention, now).await
}

async fn some_are_whole(retention: &Retention, listed: &[DamagedObject]) -> bool {
    let mut some = false;
    for object in listed {
        match retention.archive.entries_once(&object.key, &object.sha256).await {
            Ok(_) => some = true,
            Err(ArchiveError::Unreachable(_)) => return false,
            Err(_) => {}
        }
    }
    some
}

/// Reads an object that is in use anew and writes down whether it is whole. Errors: it is not, or could not be reached.
pub async fn check(retention: &Retention, now: Timestamp, key: &str) -> Result<()> {
    let Some(owner) = object::owner(key) else { return Ok(()) };
    let Some(manifest) = objects::find(&mut *retention.store.read().await?, owner, key).await? else { return Ok(()) };
    let read = retention.archive.entries_once(key, &manifest.sha256).await;
    if read.is_ok() {
        // the mark may be another process's
        let mut tx = retention.store.begin().await?;
        damage::clear(&mut tx, owner, key).await?;
        tx.commit().await?;
    }
    write_down(retention, now).await?;
    read.map(drop).map_err(Error::from)
}
