//! Deletes orphans in the archive, objects without a manifest row: they are marked for deletion and
//! deleted like others. Incomplete files are deleted directly.

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
        files::orphans::{self, Orphans, by_user},
        store::retention::{lease::Fence, objects, runs},
    },
};
use futures::{StreamExt, TryStreamExt};

/// Objects per query.
const BATCH_SIZE: usize = 500;

/// Deletes orphans, at most once a day, or whenever an admin confirms that the database is the
/// right one (`confirmed`). Returns their number.
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
    objects::mark_abandoned(&mut tx, before).await?;
    tx.commit().await?;
    reach(FailPoint::AbandonedMarked).await;
    let mut deleted = tiers.archive.clear_unfinished(before).await?;
    let (found, all) = list_orphans(tiers, before, confirmed).await?;
    for (owner, key) in found {
        deleted += i64::from(delete_orphan(tiers, fence, owner, &key, now).await?);
    }
    if !all {
        return Ok(deleted);
    }
    let mut tx = begin_fenced(&tiers.store, Some(fence)).await?;
    runs::record_sweep(&mut tx, now).await?;
    reach(FailPoint::SweepWritten).await;
    tx.commit().await?;
    Ok(deleted)
}

/// The orphans that a sweep would delete now.
pub(super) async fn find_orphans(
    tiers: &Tiers,
    now: Timestamp,
    confirmed: bool,
) -> Result<Vec<String>> {
    let Some(before) = due(tiers, now, confirmed).await? else {
        return Ok(Vec::new());
    };
    let (found, _) = list_orphans(tiers, before, confirmed).await?;
    Ok(found.into_iter().map(|(_, key)| key).collect())
}

/// Objects older than this may be orphans; `None` if no sweep is due.
async fn due(tiers: &Tiers, now: Timestamp, confirmed: bool) -> Result<Option<Timestamp>> {
    let last = runs::last_sweep(&mut *tiers.store.read().await?).await?;
    if last.is_some_and(|last| now.since(last) < DAY_MS) && !confirmed {
        return Ok(None);
    }
    orphans::cut_off(&tiers.store, now, confirmed).await
}

/// Checks the objects written before `before`. Returns orphans to delete, and whether they are all.
async fn list_orphans(
    tiers: &Tiers,
    before: Timestamp,
    confirmed: bool,
) -> Result<(Vec<(UserId, String)>, bool)> {
    let mut orphans = Orphans::empty();
    let mut chunks = Box::pin(tiers.archive.list(object::FOLDER).try_chunks(BATCH_SIZE));
    while let Some(chunk) = chunks.next().await {
        let old = chunk
            .map_err(|error| error.1)?
            .into_iter()
            .filter(|found| found.modified < before);
        for (owner, keys) in
            by_user(old.filter_map(|found| Some((object::owner(&found.key)?, found.key))))
        {
            let known = objects::known(&mut *tiers.store.connection().await?, owner, &keys).await?;
            for key in keys {
                let is_known = known.contains(&key);
                orphans.add((owner, key), is_known);
            }
        }
    }
    orphans.to_delete("objects in the archive", confirmed)
}

/// Deletes an orphan, unless a run has reserved its key in the meantime.
async fn delete_orphan(
    tiers: &Tiers,
    fence: Fence,
    owner: UserId,
    key: &str,
    now: Timestamp,
) -> Result<bool> {
    let mut tx = begin_fenced(&tiers.store, Some(fence)).await?;
    let marked = objects::mark_orphan(&mut tx, owner, key, now).await?;
    reach(FailPoint::OrphanWritten).await;
    tx.commit().await?;
    reach(FailPoint::OrphanMarked).await;
    if marked {
        delete_object::remove(tiers, Some(fence), owner, key, now).await?;
    }
    Ok(marked)
}
