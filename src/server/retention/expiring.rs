//! Deleting rows that expired, and objects that are doomed. An object goes in three steps: the
//! manifest row is marked, the object deleted, the row marked again.

use super::{Retention, begin, begin_fenced, throttle::Pace};
use crate::{
    domain::{
        ids::{EntryId, UserId},
        time::Timestamp,
    },
    server::{
        base::{
            error::Result,
            fail_points::{FailPoint, reach},
        },
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
pub(super) async fn expire_rows(
    retention: &Retention,
    fence: Fence,
    user: UserId,
    ids: &[EntryId],
    pace: &mut Pace,
) -> Result<i64> {
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

/// Deletes an object as [`remove`] does; where that fails, the next run does it. Whether it is
/// done.
pub(crate) async fn remove_or_tell(
    retention: &Retention,
    fence: Option<Fence>,
    user: UserId,
    key: &str,
    now: Timestamp,
) -> bool {
    let removed = remove(retention, fence, user, key, now).await;
    if let Err(error) = &removed {
        tracing::warn!(key, %error, "an object could not be deleted yet; the next run deletes it");
    }
    removed.is_ok()
}

/// Deletes an object, if it is doomed still.
pub(crate) async fn remove(
    retention: &Retention,
    fence: Option<Fence>,
    user: UserId,
    key: &str,
    now: Timestamp,
) -> Result<()> {
    // an account that is gone has no row to lock
    let mut tx = begin_fenced(&retention.store, fence).await?;
    let is_doomed = objects::is_doomed(&mut tx, user, key).await?;
    drop(tx);
    if !is_doomed {
        return Ok(());
    }
    retention.archive.delete(key).await?;
    reach(FailPoint::ObjectDeleted).await;
    let mut tx = begin_fenced(&retention.store, fence).await?;
    objects::note_gone(&mut tx, user, key, now).await?;
    reach(FailPoint::ForgetWritten).await;
    tx.commit().await?;
    reach(FailPoint::Forgotten).await;
    Ok(())
}
