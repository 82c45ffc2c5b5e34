//! Deletes expired rows.

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
                rows::{self, CHANGE_BATCH_SIZE},
            },
            stats::Changes,
        },
    },
};

/// Deletes expired rows of a user that are neither kept nor held. Returns their number.
pub(super) async fn expire_rows(
    tiers: &Tiers,
    fence: Fence,
    user: UserId,
    ids: &[EntryId],
    throttle: &mut Throttle,
) -> Result<i64> {
    reach(FailPoint::ExpirePlanned).await;
    let mut deleted = 0;
    for ids in ids.chunks(CHANGE_BATCH_SIZE) {
        let mut tx = begin(&tiers.store, Some(fence), user).await?;
        let found = rows::by_id(&mut tx, user, ids).await?;
        let mut changes = Changes::default();
        deleted += rows::expire(&mut tx, user, &found, &mut changes).await?;
        changes.write(&mut tx, user).await?;
        let newest = found.iter().map(|row| row.entry.rev).max().unwrap_or(0);
        rows::raise_floor(&mut tx, user, newest).await?;
        reach(FailPoint::ExpireWritten).await;
        tx.commit().await?;
        reach(FailPoint::Expired).await;
        throttle.pause().await;
    }
    Ok(deleted as i64)
}
