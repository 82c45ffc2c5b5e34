//! Orphans: objects that no manifest row names, left by a process that died between putting and listing. After 48 hours they
//! are noted as doomed, and then deleted like any other; files that it did not finish are deleted as they are.

use super::{
    Retention, expiring,
    fail_points::{FailPoint, reach},
    object,
};
use crate::{
    ids::UserId,
    server::{
        error::{Error, Result},
        store::retention::{
            lease::{self, Fence},
            objects, runs,
        },
    },
    timestamp::{DAY_MS, Timestamp},
};
use futures::TryStreamExt;

/// How old an orphan is at least, in milliseconds.
const ORPHANED_AFTER_MS: i64 = 2 * DAY_MS;

/// Looks for orphans, once a day. Returns how many were deleted.
pub(super) async fn sweep(retention: &Retention, fence: Fence, now: Timestamp) -> Result<i64> {
    let last = runs::last_sweep(&mut *retention.store.read().await?).await?;
    if last.is_some_and(|last| now.since(last) < DAY_MS) {
        return Ok(0);
    }
    let before = now.plus(-ORPHANED_AFTER_MS);
    let mut tx = retention.store.begin().await?;
    objects::doom_abandoned(&mut tx, before).await?;
    tx.commit().await?;
    reach(FailPoint::AbandonedDoomed).await;
    let mut deleted = retention.archive.clear_unfinished(before).await?;
    let mut listed = Box::pin(retention.archive.list(object::FOLDER));
    while let Some(found) = listed.try_next().await? {
        let Some(owner) = object::owner(&found.key).filter(|_| found.modified < before) else { continue };
        deleted += i64::from(sweep_one(retention, fence, owner, &found.key, now).await?);
    }
    let mut tx = retention.store.begin().await?;
    runs::swept(&mut tx, now).await?;
    reach(FailPoint::SweepWritten).await;
    tx.commit().await?;
    Ok(deleted)
}

async fn sweep_one(retention: &Retention, fence: Fence, owner: UserId, key: &str, now: Timestamp) -> Result<bool> {
    if objects::is_known(&mut *retention.store.read().await?, owner, key).await? {
        return Ok(false);
    }
    let mut tx = retention.store.begin().await?;
    if !lease::holds(&mut tx, fence).await? {
        return Err(Error::Superseded);
    }
    let doomed = objects::doom_orphan(&mut tx, owner, key, now).await?;
    reach(FailPoint::OrphanWritten).await;
    tx.commit().await?;
    reach(FailPoint::OrphanDoomed).await;
    if doomed {
        expiring::remove(retention, Some(fence), owner, key).await?;
    }
    Ok(doomed)
}
