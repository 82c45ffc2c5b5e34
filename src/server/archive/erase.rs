//! Deletion requested by users, from all tiers. Rows are deleted and objects removed from reads in
//! one transaction; then objects are rewritten or deleted, by the next run if the archive is
//! unreachable.

use super::{delete_object, erasure_log, tiers::begin};
use crate::{
    domain::{DeleteReceipt, ids::UserId, time::Timestamp},
    server::{
        archive::{Tiers, compaction, pending_delete},
        base::{
            error::{Error, Result},
            fail_points::{FailPoint, reach},
            log_targets,
        },
        store::{
            audit, files, holds, people,
            retention::{due, erasures::ErasureKind, objects},
            stats, users,
        },
    },
};

/// Objects handled after an erasure.
const MAX_OBJECTS: i64 = 10_000;

/// Deletes an account with all content from every tier. Totals stay, without content. Sessions and
/// keys end at once; the caller deletes the bytes of files.
pub async fn erase_account(tiers: &Tiers, now: Timestamp, user: UserId) -> Result<DeleteReceipt> {
    if people::find(&mut *tiers.store.read().await?, user)
        .await?
        .is_none()
    {
        return Err(Error::NotFound("account"));
    }
    let mut tx = begin(&tiers.store, None, user).await?;
    if holds::any_of(&mut tx, user).await? {
        return Err(Error::Conflict(
            "an admin has put this account or a conversation in it on hold; it can be \
             erased once the hold is released"
                .into(),
        ));
    }
    let [conversations, messages, rows, files] = users::content_counts(&mut tx, user).await?;
    let archived = pending_delete::mark_objects(&mut tx, user, None).await?;
    objects::delete_gone(&mut tx, user).await?;
    stats::all_to_deleted(&mut tx, user).await?;
    files::mark_all(&mut tx, user).await?;
    audit::forget(&mut tx, user).await?;
    users::delete(&mut tx, user).await?;
    pending_delete::record_erasure(&mut tx, now, ErasureKind::Account, user).await?;
    reach(FailPoint::AccountWritten).await;
    tx.commit().await?;
    reach(FailPoint::AccountErased).await;
    tiers.store.wakeups().access(user);
    let (objects, objects_pending) = delete_marked_objects(tiers, now, user).await?;
    tiers.store.vacuum().await?;
    Ok(DeleteReceipt {
        conversations,
        messages,
        rows,
        archived,
        files,
        objects,
        objects_pending,
    })
}

/// Deletes and rewrites a user's objects that contain erased entries. Returns the number of
/// finished objects and of those left to the next run. An unreachable archive is not asked again,
/// because the user waits.
pub async fn delete_marked_objects(
    tiers: &Tiers,
    now: Timestamp,
    user: UserId,
) -> Result<(i64, i64)> {
    reach(FailPoint::PurgePlanned).await;
    let to_rewrite =
        due::objects_with_tombstones(&mut *tiers.store.read().await?, Some(user), MAX_OBJECTS)
            .await?;
    let mut is_unreachable = false;
    for manifest in &to_rewrite {
        if let Err(error) = compaction::compact(tiers, None, manifest, None, now).await {
            tracing::warn!(
                target: log_targets::ARCHIVE_ERASE,
                key = manifest.key, %error, "cannot rewrite an object; the next run tries again"
            );
            is_unreachable = error.is_unreachable();
            if is_unreachable {
                break;
            }
        }
    }
    // objects that a run rewrites at the same time are left to the next run
    let mut pending =
        due::objects_with_tombstones(&mut *tiers.store.read().await?, Some(user), MAX_OBJECTS)
            .await?
            .len() as i64;
    let mut done = (to_rewrite.len() as i64 - pending).max(0);
    for (user, key) in
        objects::marked_for_delete(&mut *tiers.store.read().await?, Some(user), MAX_OBJECTS).await?
    {
        if is_unreachable {
            pending += 1;
            continue;
        }
        match delete_object::remove(tiers, None, user, &key, now).await {
            Ok(()) => done += 1,
            Err(error) => {
                tracing::warn!(
                    target: log_targets::ARCHIVE_ERASE,
                    key, %error, "cannot delete an object; the next run tries again"
                );
                is_unreachable = error.is_unreachable();
                pending += 1;
            }
        }
    }
    if !is_unreachable && let Err(error) = erasure_log::sync(tiers, now).await {
        tracing::warn!(
            target: log_targets::ARCHIVE_ERASE,
            %error, "cannot write the erasure log; trying again within two minutes"
        );
    }
    Ok((done, pending))
}
