//! Deleting an entry from every tier.

use super::{
    archived::{self, Becomes, TakenOut},
    delete_work_log,
};
use crate::{
    domain::{
        Receipt,
        ids::{EntryId, UserId},
        time::Timestamp,
    },
    server::{
        archive::{Tiers, erase::purge},
        base::error::{Error, Result},
        files::{FileStore, sweep::delete_doomed_files_or_tell},
        store::retention::due,
    },
};

/// Deletes an entry with the files that its work made, wherever it is kept. Objects and files that
/// cannot be deleted now are deleted by a later run.
pub async fn delete_entry(
    tiers: &Tiers,
    stored: &FileStore,
    now: Timestamp,
    user: UserId,
    id: EntryId,
) -> Result<Receipt> {
    let receipt = erase_entry(tiers, now, user, id).await?;
    delete_doomed_files_or_tell(&tiers.store, stored).await;
    Ok(receipt)
}

/// The same without the bytes of files, which stay marked for deletion.
pub async fn erase_entry(
    retention: &Tiers,
    now: Timestamp,
    user: UserId,
    id: EntryId,
) -> Result<Receipt> {
    for _ in 0..archived::TRIES {
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
            archived::take_out(retention, user, id, Becomes::Nothing(now)).await?
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
