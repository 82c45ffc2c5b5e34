//! Updates an entry in any tier, and takes archived entries out of their object: the entry becomes a
//! hot row, which a later run archives again, or it is erased.

use super::{is_noop, update_work_log};
use crate::{
    domain::{
        EntryPatch, RemovedKind, WorkLogEntry,
        ids::{EntryId, UserId},
        time::Timestamp,
    },
    server::{
        archive::{Tiers, pending_delete, reader, tiers::begin},
        base::{
            error::{Error, Result},
            fail_points::{FailPoint, reach},
        },
        store::{
            Tx, files, removed,
            retention::{erasures::ErasureKind, objects, rows, tombstones},
            stats::Changes,
            work_logs::StoredEntry,
        },
        work_log::archived,
    },
};

/// Attempts before giving up on an entry that a retention run keeps moving.
pub(crate) const MAX_ATTEMPTS: usize = 3;

/// Updates an entry in any tier. Errors: those of `update_work_log`, or the archive is unreachable.
pub async fn update_entry(
    tiers: &Tiers,
    now: Timestamp,
    user: UserId,
    id: EntryId,
    patch: EntryPatch,
) -> Result<WorkLogEntry> {
    for _ in 0..MAX_ATTEMPTS {
        match update_work_log(&tiers.store, now, user, id, patch.clone()).await {
            Err(Error::NotFound("entry")) => {}
            result => return result,
        }
        if let TakeOutOutcome::Unchanged(entry) =
            take_out(tiers, user, id, Replacement::Row(&patch)).await?
        {
            return Ok(*entry);
        }
    }
    update_work_log(&tiers.store, now, user, id, patch).await
}

/// What replaces an entry that is taken out of its object.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Replacement<'a> {
    /// A hot row under a new revision, to which this patch is applied.
    Row(&'a EntryPatch),
    /// Nothing: it is erased at this time.
    Nothing(Timestamp),
}

/// The result of [`take_out`].
#[derive(Debug, PartialEq)]
pub(crate) enum TakeOutOutcome {
    /// It was taken out; so many files are deleted with it.
    Out(i64),
    /// The patch changes nothing: it stays in its object.
    Unchanged(Box<WorkLogEntry>),
    /// A retention run moved it meanwhile.
    Moved,
}

/// Takes an entry out of its archive object. Errors: there is no such entry, it is on hold, the
/// patch is invalid, or the archive is unreachable; the entry then stays in its object.
pub(crate) async fn take_out(
    tiers: &Tiers,
    user: UserId,
    id: EntryId,
    replacement: Replacement<'_>,
) -> Result<TakeOutOutcome> {
    let (store, archive) = (&tiers.store, &tiers.archive);
    let found = reader::retry_on_moved_object(store, |reader| {
        reader::find_archived(reader, archive, user, id)
    });
    let (object, entry) = found.await?.ok_or(Error::NotFound("entry"))?;
    let mut tx = begin(store, None, user).await?;
    if !remove_from_manifest(
        &mut tx,
        user,
        &object.key,
        &entry,
        matches!(replacement, Replacement::Nothing(_)),
    )
    .await?
    {
        return Ok(TakeOutOutcome::Moved);
    }
    let files = match replacement {
        Replacement::Row(patch) => {
            if !patch.only_keeps() {
                pending_delete::check_not_held(&mut tx, user, entry.conversation_id, "changed")
                    .await?;
            }
            let current = reader::to_entry(&object, &entry);
            if is_noop(&current, patch.clone())? {
                return Ok(TakeOutOutcome::Unchanged(Box::new(current)));
            }
            rows::restore(&mut tx, entry).await?;
            0
        }
        Replacement::Nothing(now) => archived::record_erasure(&mut tx, now, user, &entry).await?,
    };
    reach(FailPoint::TakeOutWritten).await;
    tx.commit().await?;
    reach(FailPoint::TakenOut).await;
    Ok(TakeOutOutcome::Out(files))
}

/// Sets a tombstone for an entry in an object and updates the counts of its tier and, if it is
/// `deleted`, of deletions. `false` if the object or the entry in it is gone already.
async fn remove_from_manifest(
    tx: &mut Tx<'_>,
    user: UserId,
    key: &str,
    entry: &StoredEntry,
    deleted: bool,
) -> Result<bool> {
    let Some(mut manifest) = objects::find(tx, user, key).await? else {
        return Ok(false);
    };
    if !tombstones::insert(tx, user, key, entry.id).await? {
        return Ok(false);
    }
    let (totals, mut changes) = (manifest.totals_of(entry), Changes::default());
    changes.count(
        (
            manifest.day,
            entry.log_type,
            entry.status,
            manifest.tier.as_str(),
        ),
        totals,
        -1,
    );
    if deleted {
        changes.count_deleted((manifest.day, entry.log_type, entry.status), totals);
    }
    manifest.count(entry, -1);
    objects::write_totals(tx, &manifest).await?;
    changes.write(tx, user).await?;
    Ok(true)
}

/// Records the erasure of an archived entry unless it is on hold. Returns how many files are
/// deleted with it.
pub(crate) async fn record_erasure(
    tx: &mut Tx<'_>,
    now: Timestamp,
    user: UserId,
    entry: &StoredEntry,
) -> Result<i64> {
    pending_delete::check_not_held(tx, user, entry.conversation_id, "deleted").await?;
    removed::record(tx, now, user, RemovedKind::Entry, entry.id.uuid()).await?;
    pending_delete::record_erasure(tx, now, ErasureKind::Entry, entry.id).await?;
    Ok(files::mark_produced(tx, user, entry.conversation_id, &entry.metadata).await?)
}
