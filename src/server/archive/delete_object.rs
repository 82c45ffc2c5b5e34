//! Deleting an object that is marked for it, in three steps: the manifest row is marked, the object
//! deleted, the row marked again.

use super::{Tiers, tiers::begin_fenced};
use crate::{
    domain::{ids::UserId, time::Timestamp},
    server::{
        base::{
            error::Result,
            fail_points::{FailPoint, reach},
            log_targets,
        },
        store::retention::{lease::Fence, objects},
    },
};

/// Deletes an object as [`remove`] does; where that fails, the next run does it. Whether it is
/// done.
pub(crate) async fn remove_or_tell(
    tiers: &Tiers,
    fence: Option<Fence>,
    user: UserId,
    key: &str,
    now: Timestamp,
) -> bool {
    let removed = remove(tiers, fence, user, key, now).await;
    if let Err(error) = &removed {
        tracing::warn!(
            target: log_targets::ARCHIVE_DELETE_OBJECT,
            key, %error, "an object could not be deleted yet; the next run deletes it"
        );
    }
    removed.is_ok()
}

/// Deletes an object, if it is doomed still.
pub(crate) async fn remove(
    tiers: &Tiers,
    fence: Option<Fence>,
    user: UserId,
    key: &str,
    now: Timestamp,
) -> Result<()> {
    // an account that is gone has no row to lock
    let mut tx = begin_fenced(&tiers.store, fence).await?;
    let is_doomed = objects::is_marked_for_delete(&mut tx, user, key).await?;
    drop(tx);
    if !is_doomed {
        return Ok(());
    }
    tiers.archive.delete(key).await?;
    reach(FailPoint::ObjectDeleted).await;
    let mut tx = begin_fenced(&tiers.store, fence).await?;
    objects::note_gone(&mut tx, user, key, now).await?;
    reach(FailPoint::ForgetWritten).await;
    tx.commit().await?;
    reach(FailPoint::Forgotten).await;
    Ok(())
}
