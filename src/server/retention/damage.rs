//! Objects that turned out to be damaged or missing: what readers found is written down, and taken
//! back once the object is read whole again.

use crate::{
    domain::time::Timestamp,
    server::{
        archive::{Tiers, delete_object, object, pending_delete, tiers},
        base::{
            clock::Clock,
            error::{ArchiveError, Error, Result},
        },
        store::retention::{
            damage::{self, DamagedObject},
            objects,
        },
    },
};
use std::collections::BTreeMap;

/// Damaged objects that are read again at once.
const AT_ONCE: i64 = 50;

/// Writes down what was found since the last time. What could not be written is written the next
/// time.
pub async fn write_down(tiers: &Tiers, now: Timestamp) -> Result<()> {
    let findings = tiers.archive.findings();
    let found = findings.take();
    if found.is_empty() {
        return Ok(());
    }
    match write(tiers, &found, now).await {
        Ok(not_in_use) => {
            findings.acquit(&not_in_use);
            Ok(())
        }
        Err(error) => {
            findings.give_back(found);
            Err(error)
        }
    }
}

/// Returns the keys of objects that are not in use, so that nothing is wrong about them: whoever
/// missed them saw an old snapshot.
async fn write(
    tiers: &Tiers,
    found: &BTreeMap<String, bool>,
    now: Timestamp,
) -> Result<Vec<String>> {
    let mut not_in_use = Vec::new();
    let mut tx = tiers.store.begin().await?;
    for (key, whole) in found {
        let Some(owner) = object::owner(key) else {
            continue;
        };
        if *whole {
            damage::clear(&mut tx, owner, key).await?;
        } else if damage::note(&mut tx, owner, key, now).await? {
            tracing::error!(
                key,
                "an object of the archive is damaged or missing: put it back from a copy of the archive"
            );
        } else {
            not_in_use.push(key.clone());
        }
    }
    tx.commit().await?;
    Ok(not_in_use)
}

/// Writes down what is found, as soon as it is.
pub async fn keep_written(tiers: Tiers, clock: Clock) {
    loop {
        tiers.archive.findings().news().await;
        if let Err(error) = write_down(&tiers, clock.now()).await {
            tracing::warn!(%error, "a damaged object could not be noted yet; the next run does it");
        }
    }
}

/// Reads damaged objects again, and goes on while some of them turn out to be whole. Errors: the
/// database failed.
pub(super) async fn look_again(tiers: &Tiers, now: Timestamp) -> Result<()> {
    let mut after = String::new();
    loop {
        let listed = damage::listed(&mut *tiers.store.read().await?, &after, AT_ONCE).await?;
        let Some(last) = listed.last() else { break };
        after.clone_from(&last.key);
        tiers
            .archive
            .findings()
            .suspect(listed.iter().map(|object| object.key.clone()));
        if !some_are_whole(tiers, &listed).await {
            break;
        }
    }
    write_down(tiers, now).await
}

async fn some_are_whole(tiers: &Tiers, listed: &[DamagedObject]) -> bool {
    let mut some = false;
    for object in listed {
        match tiers
            .archive
            .entries_once(&object.key, &object.sha256)
            .await
        {
            Ok(_) => some = true,
            Err(ArchiveError::Unreachable(_)) => return false,
            Err(_) => {}
        }
    }
    some
}

/// Gives up an object that is damaged or missing and of which nobody has a copy: its entries count
/// as deleted, and what is left of it goes. Returns how many these were. Errors: it is whole, it is
/// none that is in use, an admin holds what is in it, or the archive did not answer.
pub async fn give_up(tiers: &Tiers, now: Timestamp, key: &str) -> Result<i64> {
    match check(tiers, now, key).await {
        Ok(()) => {
            return Err(Error::Conflict(
                "this object is whole, or none that is in use; nothing is given up".into(),
            ));
        }
        Err(Error::Archive(ArchiveError::Damaged(..) | ArchiveError::Missing(_))) => {}
        Err(error) => return Err(error),
    }
    let owner = object::owner(key).ok_or(Error::NotFound("object"))?;
    let mut tx = tiers::begin(&tiers.store, None, owner).await?;
    let manifest = objects::find(&mut tx, owner, key)
        .await?
        .ok_or(Error::NotFound("object"))?;
    pending_delete::check_not_held(&mut tx, owner, manifest.conversation_id, "given up").await?;
    pending_delete::mark(&mut tx, &manifest).await?;
    tx.commit().await?;
    delete_object::remove_or_tell(tiers, None, owner, key, now).await;
    Ok(manifest.entries())
}

/// Reads an object that is in use anew and writes down whether it is whole. Errors: it is not, or
/// could not be reached.
pub async fn check(tiers: &Tiers, now: Timestamp, key: &str) -> Result<()> {
    let Some(owner) = object::owner(key) else {
        return Ok(());
    };
    let Some(manifest) = objects::find(&mut *tiers.store.read().await?, owner, key).await? else {
        return Ok(());
    };
    let read = tiers.archive.entries_once(key, &manifest.sha256).await;
    if read.is_ok() {
        // the mark may be another process's
        let mut tx = tiers.store.begin().await?;
        damage::clear(&mut tx, owner, key).await?;
        tx.commit().await?;
    }
    write_down(tiers, now).await?;
    read.map(drop).map_err(Error::from)
}
