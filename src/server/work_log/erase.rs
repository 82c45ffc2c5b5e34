//! Deleting an entry from every tier.

use super::{
    archived::{self, Replacement, TakeOutOutcome},
    delete_entry_row,
};
use crate::{
    domain::{
        DeleteReceipt,
        ids::{EntryId, UserId},
        time::Timestamp,
    },
    server::{
        archive::{Tiers, erase::delete_marked_objects},
        base::error::{Error, Result},
        files::{FileStore, sweep::delete_marked_files_or_log},
        store::retention::due,
    },
};

/// Deletes an entry in any tier with the files made by its work. Objects and files that cannot be
/// deleted now are deleted by a later run.
pub async fn delete_entry(
    tiers: &Tiers,
    stored: &FileStore,
    now: Timestamp,
    user: UserId,
    id: EntryId,
) -> Result<DeleteReceipt> {
    let receipt = delete_entry_keeping_files(tiers, now, user, id).await?;
    delete_marked_files_or_log(&tiers.store, stored).await;
    Ok(receipt)
}

/// As [`delete_entry`], but leaves the files on disk, marked for deletion.
pub async fn delete_entry_keeping_files(
    tiers: &Tiers,
    now: Timestamp,
    user: UserId,
    id: EntryId,
) -> Result<DeleteReceipt> {
    for _ in 0..archived::MAX_ATTEMPTS {
        match delete_entry_row(&tiers.store, now, user, id).await {
            Err(Error::NotFound("entry")) => {}
            Err(error) => return Err(error),
            Ok(files) => {
                // An object may still hold a copy of the entry from before it became a row again.
                let (objects, objects_pending) =
                    if due::has_unfinished_objects(&mut *tiers.store.read().await?, user).await? {
                        delete_marked_objects(tiers, now, user).await?
                    } else {
                        (0, 0)
                    };
                return Ok(DeleteReceipt {
                    rows: 1,
                    files,
                    objects,
                    objects_pending,
                    ..DeleteReceipt::default()
                });
            }
        }
        if let TakeOutOutcome::Out(files) =
            archived::take_out(tiers, user, id, Replacement::Nothing(now)).await?
        {
            let (objects, objects_pending) = delete_marked_objects(tiers, now, user).await?;
            return Ok(DeleteReceipt {
                archived: 1,
                files,
                objects,
                objects_pending,
                ..DeleteReceipt::default()
            });
        }
    }
    Err(Error::Conflict(
        "the entry is being moved; try again in a moment".into(),
    ))
}
