//! Orphans in the archive: objects that no manifest row names. They are noted as doomed, and then
//! deleted like any other; files that a process did not finish are deleted as they are.

use crate::{
    domain::{
        ids::UserId,
        time::{DAY_MS, Timestamp},
    },
    server::{
        archive::{Tiers, delete_object, object, tiers::begin_fenced},
        base::{
            error::Result,
            fail_points::{FailPoint, reach},
        },
        files::orphans::{self, Orphans, by_person},
        store::retention::{lease::Fence, objects, runs},
    },
};
use futures::{StreamExt, TryStreamExt};

/// Objects looked up together.
const AT_ONCE: usize = 500;

/// Looks for orphans, once a day, or because an admin says that the database is the right one
/// (`confirmed`). Returns how many were deleted.
pub(super) async fn sweep(
    tiers: &Tiers,
    fence: Fence,
    now: Timestamp,
    confirmed: bool,
) -> Result<i64> {
    let Some(before) = due(tiers, now, confirmed).await? else {
        return Ok(0);
    };
    let mut tx = begin_fenced(&tiers.store, Some(fence)).await?;
    objects::doom_abandoned(&mut tx, before).await?;
    tx.commit().await?;
    reach(FailPoint::AbandonedDoomed).await;
    let mut deleted = tiers.archive.clear_unfinished(before).await?;
    let (found, all) = look(tiers, before, confirmed).await?;
    for (owner, key) in found {
        deleted += i64::from(sweep_one(tiers, fence, owner, &key, now).await?);
    }
    if !all {
        return Ok(deleted);
    }
    let mut tx = begin_fenced(&tiers.store, Some(fence)).await?;
    runs::swept(&mut tx, now).await?;
    reach(FailPoint::SweepWritten).await;
    tx.commit().await?;
    Ok(deleted)
}

/// The orphans that a sweep would delete now.
pub(super) async fn rehearse(
    tiers: &Tiers,
    now: Timestamp,
    confirmed: bool,
) -> Result<Vec<String>> {
    let Some(before) = due(tiers, now, confirmed).await? else {
        return Ok(Vec::new());
    };
    let (found, _) = look(tiers, before, confirmed).await?;
    Ok(found.into_iter().map(|(_, key)| key).collect())
}

/// What is older than this may be an orphan; `None` while no sweep is due.
async fn due(tiers: &Tiers, now: Timestamp, confirmed: bool) -> Result<Option<Timestamp>> {
    let last = runs::last_sweep(&mut *tiers.store.read().await?).await?;
    if last.is_some_and(|last| now.since(last) < DAY_MS) && !confirmed {
        return Ok(None);
    }
    orphans::cut_off(&tiers.store, now, confirmed).await
}

/// Looks through the objects that were put before `before`. Returns the orphans to delete, and
/// whether these are all.
async fn look(
    tiers: &Tiers,
    before: Timestamp,
    confirmed: bool,
) -> Result<(Vec<(UserId, String)>, bool)> {
    let mut orphans = Orphans::none();
    let mut chunks = Box::pin(tiers.archive.list(object::FOLDER).try_chunks(AT_ONCE));
    while let Some(chunk) = chunks.next().await {
        let old = chunk
            .map_err(|error| error.1)?
            .into_iter()
            .filter(|found| found.modified < before);
        for (owner, keys) in
            by_person(old.filter_map(|found| Some((object::owner(&found.key)?, found.key))))
        {
            let known = objects::known(&mut *tiers.store.connection().await?, owner, &keys).await?;
            for key in keys {
                let is_known = known.contains(&key);
                orphans.note((owner, key), is_known);
            }
        }
    }
    orphans.to_delete("objects in the archive", confirmed)
}

/// Deletes one, unless a run has reserved its name meanwhile.
async fn sweep_one(
    tiers: &Tiers,
    fence: Fence,
    owner: UserId,
    key: &str,
    now: Timestamp,
) -> Result<bool> {
    let mut tx = begin_fenced(&tiers.store, Some(fence)).await?;
    let doomed = objects::doom_orphan(&mut tx, owner, key, now).await?;
    reach(FailPoint::OrphanWritten).await;
    tx.commit().await?;
    reach(FailPoint::OrphanDoomed).await;
    if doomed {
        delete_object::remove(tiers, Some(fence), owner, key, now).await?;
    }
    Ok(doomed)
}
