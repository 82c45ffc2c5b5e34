//! Deleting on somebody's word, from every tier at once. Rows go and objects stop being read in one
//! transaction; the objects themselves are rewritten or deleted right after it, and by the next run
//! where the archive does not answer.

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
            files, holds, people,
            retention::{due, erasures::ErasureKind, objects},
            stats, users,
        },
    },
};

/// Objects looked at after an erasure.
const OBJECTS: i64 = 10_000;

/// Deletes an account with everything in it, from every tier. The figures stay, without anything
/// that could be read. Sessions and keys end at once; the bytes of files are the caller's.
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
            "an admin has put this account or a conversation in it on hold; it can be erased once the hold is released".into(),
        ));
    }
    let [conversations, messages, rows, files] = users::belongings(&mut tx, user).await?;
    let archived = pending_delete::mark_objects(&mut tx, user, None).await?;
    objects::forget_gone(&mut tx, user).await?;
    stats::all_to_deleted(&mut tx, user).await?;
    files::mark_all(&mut tx, user).await?;
    users::delete(&mut tx, user).await?;
    pending_delete::record_erasure(&mut tx, now, ErasureKind::Account, user).await?;
    reach(FailPoint::AccountWritten).await;
    tx.commit().await?;
    reach(FailPoint::AccountErased).await;
    tiers.store.wakeups().access(user);
    let (objects, objects_pending) = delete_marked_objects(tiers, now, user).await?;
    tiers.store.shrink().await?;
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

/// Deletes and rewrites a person's objects that hold what is erased. Returns how many were, and how
/// many are left to the next run; an archive that does not answer is not asked again, for somebody
/// waits.
pub async fn delete_marked_objects(
    tiers: &Tiers,
    now: Timestamp,
    user: UserId,
) -> Result<(i64, i64)> {
    reach(FailPoint::PurgePlanned).await;
    let holed =
        due::objects_with_tombstones(&mut *tiers.store.read().await?, Some(user), OBJECTS).await?;
    let mut silent = false;
    for manifest in &holed {
        if let Err(error) = compaction::compact(tiers, None, manifest, None, now).await {
            tracing::warn!(
                target: log_targets::ARCHIVE_ERASE,
                key = manifest.key, %error, "an object could not be rewritten yet; the next run does it"
            );
            silent = error.is_unreachable();
            if silent {
                break;
            }
        }
    }
    // a run that rewrites or fills an object meanwhile leaves it to the next
    let mut pending =
        due::objects_with_tombstones(&mut *tiers.store.read().await?, Some(user), OBJECTS)
            .await?
            .len() as i64;
    let mut done = (holed.len() as i64 - pending).max(0);
    for (user, key) in
        objects::marked_for_delete(&mut *tiers.store.read().await?, Some(user), OBJECTS).await?
    {
        if silent {
            pending += 1;
            continue;
        }
        match delete_object::remove(tiers, None, user, &key, now).await {
            Ok(()) => done += 1,
            Err(error) => {
                tracing::warn!(
                    target: log_targets::ARCHIVE_ERASE,
                    key, %error, "an object could not be deleted yet; the next run does it"
                );
                silent = error.is_unreachable();
                pending += 1;
            }
        }
    }
    if !silent && let Err(error) = erasure_log::mirror(tiers, now).await {
        tracing::warn!(
            target: log_targets::ARCHIVE_ERASE,
            %error, "the list of erasures could not be written yet; that is tried again every two minutes"
        );
    }
    Ok((done, pending))
}
