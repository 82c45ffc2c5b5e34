//! Deleting on somebody's word, from every tier at once. Rows go and objects stop being read in one
//! transaction; the objects themselves are rewritten or deleted right after it, and by the next run
//! where the archive does not answer.

use super::{
    erasure_log,
    update_archived::{self, Becomes, TakenOut},
};
use crate::{
    domain::{
        Receipt, RemovedKind,
        ids::{EntryId, UserId},
        time::Timestamp,
    },
    server::{
        archive::pending_delete,
        base::{
            error::{Error, Result},
            fail_points::{FailPoint, reach},
            log_targets,
        },
        retention::{Retention, compaction, expiring},
        store::{
            Tx, files, people, removed,
            retention::{due, erasures::Kind, holds, objects},
            stats, users,
            work_logs::StoredEntry,
        },
        work_log::delete_work_log,
    },
};

/// Objects looked at after an erasure.
const OBJECTS: i64 = 10_000;

/// Deletes an entry, wherever it is kept.
pub async fn erase_entry(
    retention: &Retention,
    now: Timestamp,
    user: UserId,
    id: EntryId,
) -> Result<Receipt> {
    for _ in 0..update_archived::TRIES {
        match delete_work_log(&retention.store, now, user, id).await {
            Err(Error::NotFound("entry")) => {}
            Err(error) => return Err(error),
            Ok(files) => {
                // an object may hold the entry as it was before it became a row again, or be about
                // to
                let (objects, objects_pending) =
                    if due::unfinished(&mut *retention.store.read().await?, user).await? {
                        purge(retention, now, user).await?
                    } else {
                        (0, 0)
                    };
                return Ok(Receipt {
                    rows: 1,
                    files,
                    objects,
                    objects_pending,
                    ..Receipt::default()
                });
            }
        }
        if let TakenOut::Out(files) =
            update_archived::take_out(retention, user, id, Becomes::Nothing(now)).await?
        {
            let (objects, objects_pending) = purge(retention, now, user).await?;
            return Ok(Receipt {
                archived: 1,
                files,
                objects,
                objects_pending,
                ..Receipt::default()
            });
        }
    }
    Err(Error::Conflict(
        "the entry is being moved; try again in a moment".into(),
    ))
}

/// Notes that an entry which lay in the archive is erased, unless it is held. Returns how many
/// files go with it.
pub(crate) async fn note_entry(
    tx: &mut Tx<'_>,
    now: Timestamp,
    user: UserId,
    entry: &StoredEntry,
) -> Result<i64> {
    pending_delete::check_not_held(tx, user, entry.conversation_id, "deleted").await?;
    removed::note(tx, now, user, RemovedKind::Entry, entry.id.uuid()).await?;
    pending_delete::note(tx, now, Kind::Entry, entry.id).await?;
    Ok(files::doom_made(tx, user, entry.conversation_id, &entry.metadata).await?)
}

/// Deletes an account with everything in it, from every tier. The figures stay, without anything
/// that could be read. Sessions and keys end at once; the bytes of files are the caller's.
pub async fn erase_account(retention: &Retention, now: Timestamp, user: UserId) -> Result<Receipt> {
    if people::find(&mut *retention.store.read().await?, user)
        .await?
        .is_none()
    {
        return Err(Error::NotFound("account"));
    }
    let mut tx = crate::server::retention::begin(&retention.store, None, user).await?;
    if holds::any_of(&mut tx, user).await? {
        return Err(Error::Conflict(
            "an admin has put this account or a conversation in it on hold; it can be erased once the hold is released".into(),
        ));
    }
    let [conversations, messages, rows, files] = users::belongings(&mut tx, user).await?;
    let archived = pending_delete::doom_objects(&mut tx, user, None).await?;
    objects::forget_gone(&mut tx, user).await?;
    stats::all_to_deleted(&mut tx, user).await?;
    files::doom_all(&mut tx, user).await?;
    users::delete(&mut tx, user).await?;
    pending_delete::note(&mut tx, now, Kind::Account, user).await?;
    reach(FailPoint::AccountWritten).await;
    tx.commit().await?;
    reach(FailPoint::AccountErased).await;
    retention.store.wakeups().access(user);
    let (objects, objects_pending) = purge(retention, now, user).await?;
    retention.store.shrink().await?;
    Ok(Receipt {
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
pub async fn purge(retention: &Retention, now: Timestamp, user: UserId) -> Result<(i64, i64)> {
    reach(FailPoint::PurgePlanned).await;
    let holed =
        due::objects_with_holes(&mut *retention.store.read().await?, Some(user), OBJECTS).await?;
    let mut silent = false;
    for manifest in &holed {
        if let Err(error) = compaction::trim(retention, None, manifest, None, now).await {
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
        due::objects_with_holes(&mut *retention.store.read().await?, Some(user), OBJECTS)
            .await?
            .len() as i64;
    let mut done = (holed.len() as i64 - pending).max(0);
    for (user, key) in
        objects::doomed(&mut *retention.store.read().await?, Some(user), OBJECTS).await?
    {
        if silent {
            pending += 1;
            continue;
        }
        match expiring::remove(retention, None, user, &key, now).await {
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
    if !silent && let Err(error) = erasure_log::mirror(retention, now).await {
        tracing::warn!(
            target: log_targets::ARCHIVE_ERASE,
            %error, "the list of erasures could not be written yet; that is tried again every two minutes"
        );
    }
    Ok((done, pending))
}
