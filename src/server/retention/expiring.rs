//! Deleting rows that expired.

use super::throttle::Throttle;
use crate::{
    domain::ids::{EntryId, UserId},
    server::{
        archive::{Tiers, tiers::begin},
        base::{
            error::Result,
            fail_points::{FailPoint, reach},
        },
        store::{
            retention::{
                lease::Fence,
                rows::{self, CHANGED_AT_ONCE},
            },
            stats::Changes,
        },
    },
};

/// Deletes rows of one person that expired, unless something keeps them by now. Returns how many.
pub(super) async fn expire_rows(
    tiers: &Tiers,
    fence: Fence,
    user: UserId,
    ids: &[EntryId],
    throttle: &mut Throttle,
) -> Result<i64> {
    reach(FailPoint::ExpirePlanned).await;
    let mut gone = 0;
    for ids in ids.chunks(CHANGED_AT_ONCE) {
        let mut tx = begin(&tiers.store, Some(fence), user).await?;
        let found = rows::by_id(&mut tx, user, ids).await?;
        let mut changes = Changes::default();
        gone += rows::expire(&mut tx, user, &found, &mut changes).await?;
        changes.write(&mut tx, user).await?;
        let newest = found.iter().map(|row| row.entry.rev).max().unwrap_or(0);
        rows::raise_floor(&mut tx, user, newest).await?;
        reach(FailPoint::ExpireWritten).await;
        tx.commit().await?;
        reach(FailPoint::Expired).await;
        throttle.rest().await;
    }
    Ok(gone as i64)
}
