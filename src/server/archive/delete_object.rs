//! Deletes an object that is marked for deletion: checks the mark, deletes the object, then records
//! that it is gone.

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

/// Like [`remove`], but logs an error, as the next run deletes the object. Returns whether it is
/// deleted.
pub(crate) async fn remove_or_log(
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
            key, %error, "cannot delete an object; the next run tries again"
        );
    }
    removed.is_ok()
}

/// Deletes an object, if it is still marked for deletion.
pub(crate) async fn remove(
    tiers: &Tiers,
    fence: Option<Fence>,
    user: UserId,
    key: &str,
    now: Timestamp,
) -> Result<()> {
    // a deleted account has no row to lock
    let mut tx = begin_fenced(&tiers.store, fence).await?;
    let is_marked = objects::is_marked_for_delete(&mut tx, user, key).await?;
    drop(tx);
    if !is_marked {
        return Ok(());
    }
    tiers.archive.delete(key).await?;
    reach(FailPoint::ObjectDeleted).await;
    let mut tx = begin_fenced(&tiers.store, fence).await?;
    objects::record_deleted(&mut tx, user, key, now).await?;
    reach(FailPoint::DeletionWritten).await;
    tx.commit().await?;
    reach(FailPoint::DeletionRecorded).await;
    Ok(())
}
