//! Changing an entry that lies in the archive: it becomes a row again, changes like any other, and a later run moves it back.

use super::{Retention, reading};
use crate::{
    ids::{EntryId, UserId},
    server::{
        error::{Error, Result},
        store::{
            Tx,
            retention::{holes, objects, rows},
            stats::Changes,
            work_logs::StoredEntry,
        },
        work_log::update_work_log,
    },
    timestamp::Timestamp,
    work_log::{EntryPatch, WorkLogEntry},
};

/// How often a run may move the entry away again before the change gives up.
const TRIES: usize = 3;

/// Moves an entry on, wherever it is kept. Errors: those of `update_work_log`, or the archive did not answer.
pub async fn update_anywhere(retention: &Retention, now: Timestamp, user: UserId, id: EntryId, patch: EntryPatch) -> Result<WorkLogEntry> {
    for _ in 0..TRIES {
        match update_work_log(&retention.store, now, user, id, patch.clone()).await {
            Err(Error::NotFound("entry")) => {}
            changed => return changed,
        }
        bring_back(retention, user, id).await?;
    }
    update_work_log(&retention.store, now, user, id, patch).await
}

async fn bring_back(retention: &Retention, user: UserId, id: EntryId) -> Result<()> {
    let found =
        reading::steadily(
            &retention.store,
            |mut reader| async move { reading::find_archived(&mut reader, &retention.archive, user, id).await },
        );
    let (shelf, entry) = found.await?.ok_or(Error::NotFound("entry"))?;
    let mut tx = super::begin(&retention.store, None, user).await?;
    let mut changes = Changes::default();
    if take_out(&mut tx, user, &shelf.key, &entry, &mut changes, false).await? {
        changes.write(&mut tx, user).await?;
        rows::bring_back(&mut tx, entry).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Makes an entry of an object count no longer; it is counted out of its tier, and as deleted where it is. `false` when the
/// object or the entry in it is gone already.
pub(super) async fn take_out(
    tx: &mut Tx<'_>,
    user: UserId,
    key: &str,
    entry: &StoredEntry,
    changes: &mut Changes,
    deleted: bool,
) -> Result<bool> {
    let Some(mut manifest) = objects::find(tx, user, key).await? else { return Ok(false) };
    if !holes::insert(tx, user, key, entry.id).await? {
        return Ok(false);
    }
    let figures = manifest.figures(entry);
    changes.count((manifest.day, entry.log_type, entry.status, manifest.tier.as_str()), figures, -1);
    if deleted {
        let figures = crate::server::store::stats::Figures { stored_bytes: 0, ..figures };
        changes.count((manifest.day, entry.log_type, entry.status, "deleted"), figures, 1);
    }
    manifest.count(entry, -1);
    objects::write_totals(tx, &manifest).await?;
    Ok(true)
}
