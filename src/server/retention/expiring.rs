//! Deleting rows that expired, and objects that are doomed. An object goes in three steps: the manifest row is marked, the object
//! deleted, the row removed.

use super::{
    Retention, begin,
    fail_points::{FailPoint, reach},
    pace::Pace,
};
use crate::{
    ids::{EntryId, UserId},
    server::{
        error::Result,
        store::{
            retention::{
                lease::Fence,
                objects,
                rows::{self, CHANGED_AT_ONCE},
            },
            stats::Changes,
        },
    },
};

/// Deletes rows of one person that expired, unless something keeps them by now. Returns how many.
pub(super) async fn expire_rows(retention: &Retention, fence: Fence, user: UserId, ids: &[EntryId], pace: &mut Pace) -> Result<i64> {
    reach(FailPoint::ExpirePlanned).await;
    let mut gone = 0;
    for ids in ids.chunks(CHANGED_AT_ONCE) {
        let mut tx = begin(&retention.store, Some(fence), user).await?;
        let found = rows::by_id(&mut tx, user, ids).await?;
        let mut changes = Changes::default();
        gone += rows::expire(&mut tx, user, &found, &mut changes).await?;
        changes.write(&mut tx, user).await?;
        let newest = found.iter().map(|row| row.entry.rev).max().unwrap_or(0);
        rows::raise_floor(&mut tx, user, newest).await?;
        reach(FailPoint::ExpireWritten).await;
        tx.commit().await?;
        reach(FailPoint::Expired).await;
        pace.rest().await;
    }
    Ok(gone as i64)
}

/// Deletes a doomed object and forgets it.
pub(super) async fn remove(retention: &Retention, fence: Option<Fence>, user: UserId, key: &str) -> Result<()> {
    retention.archive.delete(key).await?;
    reach(FailPoint::ObjectDeleted).await;
    let mut tx = begin_anyway(retention, fence).await?;
    objects::forget(&mut tx, user, key).await?;
    reach(FailPoint::ForgetWritten).await;
    tx.commit().await?;
    reach(FailPoint::Forgotten).await;
    Ok(())
}

/// An account that is gone has no row to lock.
async fn begin_anyway(retention: &Retention, fence: Option<Fence>) -> Result<crate::server::store::Tx<'_>> {
    let mut tx = retention.store.begin().await?;
    match fence {
        Some(fence) if !crate::server::store::retention::lease::holds(&mut tx, fence).await? => {
            Err(crate::server::error::Error::Superseded)
        }
        _ => Ok(tx),
    }
}
