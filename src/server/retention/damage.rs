//! Damaged and missing objects: the reports of readers are recorded, and cleared once an object is
//! read successfully again.

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

/// Damaged objects per batch of re-reads.
const BATCH_SIZE: i64 = 50;

/// Records the reports since the last call. If that fails, the next call records them.
pub async fn record(tiers: &Tiers, now: Timestamp) -> Result<()> {
    let reports = tiers.archive.damage_reports();
    let found = reports.take();
    if found.is_empty() {
        return Ok(());
    }
    match write_reports(tiers, &found, now).await {
        Ok(not_in_use) => {
            reports.remove_damaged(&not_in_use);
            Ok(())
        }
        Err(error) => {
            reports.requeue(found);
            Err(error)
        }
    }
}

/// Returns the keys of objects that are not active. They are not damaged; their readers used an
/// outdated snapshot.
async fn write_reports(
    tiers: &Tiers,
    found: &BTreeMap<String, bool>,
    now: Timestamp,
) -> Result<Vec<String>> {
    let mut not_in_use = Vec::new();
    let mut tx = tiers.store.begin().await?;
    for (key, is_intact) in found {
        let Some(owner) = object::owner(key) else {
            continue;
        };
        if *is_intact {
            damage::clear(&mut tx, owner, key).await?;
        } else if damage::record(&mut tx, owner, key, now).await? {
            tracing::error!(
                key,
                "an archive object is damaged or missing: restore it from a copy of the archive"
            );
        } else {
            not_in_use.push(key.clone());
        }
    }
    tx.commit().await?;
    Ok(not_in_use)
}

/// Records reports as they arrive, forever.
pub async fn record_forever(tiers: Tiers, clock: Clock) {
    loop {
        tiers.archive.damage_reports().new_report().await;
        if let Err(error) = record(&tiers, clock.now()).await {
            tracing::warn!(%error, "cannot record a damaged object; the next run tries again");
        }
    }
}

/// Reads damaged objects again, batch by batch while some turn out to be intact. Fails if the
/// database does.
pub(super) async fn recheck(tiers: &Tiers, now: Timestamp) -> Result<()> {
    let mut after = String::new();
    loop {
        let listed = damage::list(&mut *tiers.store.read().await?, &after, BATCH_SIZE).await?;
        let Some(last) = listed.last() else { break };
        after.clone_from(&last.key);
        tiers
            .archive
            .damage_reports()
            .add_damaged(listed.iter().map(|object| object.key.clone()));
        if !any_is_intact(tiers, &listed).await {
            break;
        }
    }
    record(tiers, now).await
}

async fn any_is_intact(tiers: &Tiers, listed: &[DamagedObject]) -> bool {
    let mut any_intact = false;
    for object in listed {
        match tiers
            .archive
            .entries_uncached(&object.key, &object.sha256)
            .await
        {
            Ok(_) => any_intact = true,
            Err(ArchiveError::Unreachable(_)) => return false,
            Err(_) => {}
        }
    }
    any_intact
}

/// Abandons a damaged or missing object without another copy: its entries count as deleted, and the
/// object is deleted. Returns the number of entries. Fails if the object is intact or not active,
/// if an admin holds its entries, or if the archive is unreachable.
pub async fn abandon(tiers: &Tiers, now: Timestamp, key: &str) -> Result<i64> {
    match check(tiers, now, key).await {
        Ok(()) => {
            return Err(Error::Conflict(
                "this object is intact or not in use; it is not given up".into(),
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
    pending_delete::check_not_held(&mut tx, owner, manifest.conversation_id, "abandoned").await?;
    pending_delete::mark(&mut tx, &manifest).await?;
    tx.commit().await?;
    delete_object::remove_or_log(tiers, None, owner, key, now).await;
    Ok(manifest.entries())
}

/// Reads an active object and records whether it is intact. Fails if it is not, or if it is
/// unreachable.
pub async fn check(tiers: &Tiers, now: Timestamp, key: &str) -> Result<()> {
    let Some(owner) = object::owner(key) else {
        return Ok(());
    };
    let Some(manifest) = objects::find(&mut *tiers.store.read().await?, owner, key).await? else {
        return Ok(());
    };
    let read = tiers.archive.entries_uncached(key, &manifest.sha256).await;
    if read.is_ok() {
        // another process may have recorded the damage
        let mut tx = tiers.store.begin().await?;
        damage::clear(&mut tx, owner, key).await?;
        tx.commit().await?;
    }
    record(tiers, now).await?;
    read.map(drop).map_err(Error::from)
}
