//! Updates, settles and deletes entries.

use crate::{
    domain::{
        COUNTED_NAMES, EntryPatch, FieldError, KeptBy, LEASE_DEFAULT_MS, METADATA_MAX_BYTES,
        RemovedKind, Status, WorkLogEntry,
        ids::{EntryId, UserId},
        refused_changes,
        time::Timestamp,
    },
    server::{
        archive::pending_delete,
        base::{
            error::{Error, Result},
            masking::{MASKED, mask_entry},
        },
        store::{Store, Tx, files, removed, retention::erasures::ErasureKind, work_logs},
    },
};
use serde_json::{Map, Value};

/// Updates an entry. A patch to a `working` entry renews its lease, even an empty one, but not one
/// that only sets `kept`; a patch that changes nothing about a settled entry is a no-op. Errors:
/// `NotFound`, `Conflict` if a settled entry would become `working` or is on hold, `Refused` if the
/// metadata would exceed its limit or the patch is from outside and may not change what it changes.
pub async fn update_work_log(
    store: &Store,
    now: Timestamp,
    user: UserId,
    id: EntryId,
    patch: EntryPatch,
) -> Result<WorkLogEntry> {
    change(store, now, user, id, patch, By::Owner).await
}

/// Updates an entry on behalf of its worker. Errors: as above, and `Conflict` if the entry was
/// settled meanwhile (stopped, or its lease expired): what clients were sent remains valid.
pub async fn finish_work_log(
    store: &Store,
    now: Timestamp,
    user: UserId,
    id: EntryId,
    patch: EntryPatch,
) -> Result<WorkLogEntry> {
    change(store, now, user, id, patch, By::Worker).await
}

/// Who changes an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Owner,
    Worker,
}

impl By {
    /// Errors: `Conflict` if the worker's entry is settled, `Refused` if the owner would change the
    /// names under which the entry of a turn is counted in the statistics.
    fn check(self, before: &WorkLogEntry, patch: &EntryPatch) -> Result<()> {
        if self == Self::Worker && before.status != Status::Working {
            return Err(Error::Conflict(format!(
                "the entry is {} already",
                before.status
            )));
        }
        let is_changed = |name: &&str| {
            let new = patch.metadata.as_ref().and_then(|fields| fields.get(*name));
            new.is_some_and(|new| new != before.metadata.0.get(*name).unwrap_or(&Value::Null))
        };
        match COUNTED_NAMES.iter().find(|name| is_changed(name)) {
            Some(name) if self == Self::Owner && before.turn_id.is_some() => Err(Error::refused(
                "metadata",
                format!("{name} cannot be changed in an entry of the assistant"),
            )),
            _ => Ok(()),
        }
    }
}

async fn change(
    store: &Store,
    now: Timestamp,
    user: UserId,
    id: EntryId,
    patch: EntryPatch,
    by: By,
) -> Result<WorkLogEntry> {
    let mut tx = store.begin().await?;
    tx.lock(user).await?;
    let before = work_logs::find(&mut tx, user, id)
        .await?
        .ok_or(Error::NotFound("entry"))?;
    by.check(&before, &patch)?;
    let (lease_ms, kept, only_keeps) = (
        patch.lease_ms.unwrap_or(LEASE_DEFAULT_MS),
        patch.kept,
        patch.only_keeps(),
    );
    let mut entry = WorkLogEntry {
        updated_at: now,
        ..before.clone()
    };
    if !only_keeps {
        if before.status != Status::Working {
            pending_delete::check_not_held(&mut tx, user, before.conversation_id, "changed")
                .await?;
        }
        entry = patched(entry, patch)?;
    }
    if is_settled_and_unchanged(&before, &entry, kept) {
        return Ok(before);
    }
    if !only_keeps {
        let lease_until = (entry.status == Status::Working).then(|| now.plus(lease_ms).millis());
        work_logs::update(&mut tx, &before, &mut entry, lease_until).await?;
    }
    if let Some(kept) = kept {
        work_logs::keep(&mut tx, &mut entry, kept.then_some(now)).await?;
    }
    tx.commit().await?;
    Ok(entry)
}

/// Whether the patch changes nothing about a settled entry. Errors: `Conflict` if it would become
/// `working`, `Refused` if its metadata would exceed its limit.
pub fn is_noop(entry: &WorkLogEntry, patch: EntryPatch) -> Result<bool> {
    let kept = patch.kept;
    let after = if patch.only_keeps() {
        entry.clone()
    } else {
        patched(entry.clone(), patch)?
    };
    Ok(is_settled_and_unchanged(entry, &after, kept))
}

/// Whether a settled entry stays as it is. A secret that is sent again is masked again, which is no
/// change.
fn is_settled_and_unchanged(
    before: &WorkLogEntry,
    after: &WorkLogEntry,
    kept: Option<bool>,
) -> bool {
    let kept_unchanged = kept.is_none_or(|kept| kept == (before.kept_by == Some(KeptBy::Entry)));
    let comparable = |entry: &WorkLogEntry| {
        let mut entry = WorkLogEntry {
            updated_at: before.updated_at,
            ..entry.clone()
        };
        entry.metadata.0.remove(MASKED);
        entry
    };
    kept_unchanged && before.status != Status::Working && comparable(before) == comparable(after)
}

/// Applies a patch at the entry's `updated_at`, then masks secrets. Errors: `Refused` for what a
/// patch from outside may not change.
fn patched(mut entry: WorkLogEntry, patch: EntryPatch) -> Result<WorkLogEntry> {
    let patch = patch.clean();
    let refused = match patch.from_outside {
        true => refused_changes(&entry, &patch),
        false => Vec::new(),
    };
    if !refused.is_empty() {
        return Err(Error::Refused(refused));
    }
    let before = entry.status;
    if let Some(status) = patch.status {
        if !before.may_become(status) {
            return Err(Error::Conflict(format!(
                "an entry that is {before} cannot become {status} again"
            )));
        }
        entry.status = status;
    }
    entry.title = patch.title.unwrap_or(entry.title);
    entry.details = patch.details.unwrap_or(entry.details);
    entry.duration_ms = patch.duration_ms.or(entry.duration_ms);
    if before == Status::Working && entry.status != Status::Working && entry.duration_ms.is_none() {
        entry.duration_ms = Some(entry.updated_at.since(entry.timestamp));
    }
    merge(&mut entry.metadata.0, patch.metadata.unwrap_or_default())?;
    mask_entry(&mut entry);
    Ok(entry)
}

fn merge(metadata: &mut Map<String, Value>, fields: Map<String, Value>) -> Result<()> {
    for (name, value) in fields {
        match value {
            Value::Null => drop(metadata.remove(&name)),
            value => drop(metadata.insert(name, value)),
        }
    }
    let bytes = Value::Object(metadata.clone()).to_string().len();
    if bytes > METADATA_MAX_BYTES {
        let reason = format!(
            "would grow to {bytes} bytes of JSON; at most {METADATA_MAX_BYTES} are allowed"
        );
        return Err(Error::Refused(vec![FieldError {
            field: "metadata".into(),
            reason,
        }]));
    }
    Ok(())
}

/// Settles an entry that lost its worker: status `warning`, and `reason` set in `metadata`. Part of
/// the caller's transaction, in which `before` was read after the owner was locked.
pub async fn settle_interrupted(
    tx: &mut Tx<'_>,
    now: Timestamp,
    before: &WorkLogEntry,
    reason: &str,
) -> Result<()> {
    let mut entry = before.clone();
    entry.status = Status::Warning;
    entry.duration_ms = Some(now.since(before.timestamp));
    entry.updated_at = now;
    entry.metadata = entry.metadata.with(reason, true);
    Ok(work_logs::update(tx, before, &mut entry, None).await?)
}

/// Deletes an entry with the files made by its work; clients learn of it from the feed. Returns the
/// number of files.
pub async fn delete_entry_row(
    store: &Store,
    now: Timestamp,
    user: UserId,
    id: EntryId,
) -> Result<i64> {
    let mut tx = store.begin().await?;
    tx.lock(user).await?;
    let entry = work_logs::find(&mut tx, user, id)
        .await?
        .ok_or(Error::NotFound("entry"))?;
    pending_delete::check_not_held(&mut tx, user, entry.conversation_id, "deleted").await?;
    work_logs::delete(&mut tx, &entry).await?;
    pending_delete::mark_unfinished(&mut tx, user, entry.conversation_id).await?;
    pending_delete::record_erasure(&mut tx, now, ErasureKind::Entry, id).await?;
    removed::record(&mut tx, now, user, RemovedKind::Entry, id.uuid()).await?;
    let files = files::mark_produced(&mut tx, user, entry.conversation_id, &entry.metadata).await?;
    tx.commit().await?;
    Ok(files)
}
