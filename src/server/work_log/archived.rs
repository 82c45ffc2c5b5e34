//! An entry that lies in the archive and is to change, or to go: it is taken out of its object and
//! becomes a row again, which changes like any other and is moved back by a later run, or nothing.

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

/// How often a run may move the entry before whoever wants to change it gives up.
pub(crate) const MAX_ATTEMPTS: usize = 3;

/// Moves an entry on, wherever it is kept. Errors: those of `update_work_log`, or the archive did
/// not answer.
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
            changed => return changed,
        }
        if let TakeOutOutcome::Stays(entry) =
            take_out(tiers, user, id, Replacement::Row(&patch)).await?
        {
            return Ok(*entry);
        }
    }
    update_work_log(&tiers.store, now, user, id, patch).await
}

/// What becomes of an entry that is taken out of its object.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Replacement<'a> {
    /// A hot row under a new revision, of which this is to change.
    Row(&'a EntryPatch),
    /// Nothing; it is erased at this time.
    Nothing(Timestamp),
}

/// What became of it.
#[derive(Debug, PartialEq)]
pub(crate) enum TakeOutOutcome {
    /// It is out, and so many files go with it.
    Out(i64),
    /// Nothing was to change about it: it lies where it was.
    Stays(Box<WorkLogEntry>),
    /// A run has moved it meanwhile.
    Moved,
}

/// Takes an entry out of the object in which it lies. Errors: there is no such entry, somebody
/// holds what is to be erased or changed, the change is refused, or the archive did not answer; the
/// entry then lies where it was.
pub(crate) async fn take_out(
    tiers: &Tiers,
    user: UserId,
    id: EntryId,
    becomes: Replacement<'_>,
) -> Result<TakeOutOutcome> {
    let (store, archive) = (&tiers.store, &tiers.archive);
    let found = reader::retry_on_moved_object(store, |reader| {
        reader::find_archived(reader, archive, user, id)
    });
    let (shelf, entry) = found.await?.ok_or(Error::NotFound("entry"))?;
    let mut tx = begin(store, None, user).await?;
    if !count_out(
        &mut tx,
        user,
        &shelf.key,
        &entry,
        matches!(becomes, Replacement::Nothing(_)),
    )
    .await?
    {
        return Ok(TakeOutOutcome::Moved);
    }
    let files = match becomes {
        Replacement::Row(patch) => {
            if !patch.only_keeps() {
                pending_delete::check_not_held(&mut tx, user, entry.conversation_id, "changed")
                    .await?;
            }
            let shown = reader::to_entry(&shelf, &entry);
            if is_noop(&shown, patch.clone())? {
                return Ok(TakeOutOutcome::Stays(Box::new(shown)));
            }
            rows::restore(&mut tx, entry).await?;
            0
        }
        Replacement::Nothing(now) => archived::note_entry(&mut tx, now, user, &entry).await?,
    };
    reach(FailPoint::TakeOutWritten).await;
    tx.commit().await?;
    reach(FailPoint::TakenOut).await;
    Ok(TakeOutOutcome::Out(files))
}

/// Makes an entry of an object count no longer; it is counted out of its tier, and as deleted where
/// it is. `false` when the object or the entry in it is gone already.
async fn count_out(
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
    let (figures, mut changes) = (manifest.totals_of(entry), Changes::default());
    changes.count(
        (
            manifest.day,
            entry.log_type,
            entry.status,
            manifest.tier.as_str(),
        ),
        figures,
        -1,
    );
    if deleted {
        changes.count_deleted((manifest.day, entry.log_type, entry.status), figures);
    }
    manifest.count(entry, -1);
    objects::write_totals(tx, &manifest).await?;
    changes.write(tx, user).await?;
    Ok(true)
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
    removed::record(tx, now, user, RemovedKind::Entry, entry.id.uuid()).await?;
    pending_delete::record_erasure(tx, now, ErasureKind::Entry, entry.id).await?;
    Ok(files::mark_produced(tx, user, entry.conversation_id, &entry.metadata).await?)
}
