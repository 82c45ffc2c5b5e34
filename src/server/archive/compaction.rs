//! Rewrites objects without removable and expired entries. The new object is written and verified
//! like any other; one transaction activates it and marks the old one for deletion.

use super::{Tiers, tiers::begin};
use crate::{
    domain::{StorageStatus, time::Timestamp},
    server::{
        archive::{
            delete_object,
            object_writer::{self, ErasureMark},
            pending_delete,
        },
        base::{
            error::{ArchiveError, Result},
            fail_points::{FailPoint, reach},
        },
        store::{
            files, holds,
            retention::{lease::Fence, manifest::Manifest, objects, tombstones},
            stats::Changes,
            work_logs::StoredEntry,
        },
    },
};

/// The result of compacting an object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Compacted {
    /// Expired entries that were deleted.
    pub expired: i64,
    /// Objects written instead of it.
    pub written: i64,
    /// Objects deleted.
    pub deleted: i64,
}

/// Rewrites an object without removable entries and, given a cut-off, without entries created at or
/// before it that are neither kept nor held.
pub(crate) async fn compact(
    tiers: &Tiers,
    fence: Option<Fence>,
    old: &Manifest,
    cut_off: Option<Timestamp>,
    now: Timestamp,
) -> Result<Compacted> {
    if is_fully_expired(old, cut_off) {
        return delete_expired(tiers, fence, old, now).await;
    }
    let erased = ErasureMark::current(tiers, old.user_id).await?;
    let Some(Split { live, expired }) = split(tiers, old, cut_off).await? else {
        return Ok(Compacted::default());
    };
    reach(FailPoint::MovePlanned).await;
    let new = if live.is_empty() {
        None
    } else {
        // an expired entry may be put on hold before the new object is activated
        let replaces = expired.is_empty().then(|| old.key.clone());
        Some(object_writer::write(tiers, fence, &live, replaces, erased, now).await?)
    };
    let key = new.as_ref().map(|new| new.key.clone());
    let replaced = replace(tiers, fence, old, new, (&live, &expired)).await;
    if !matches!(replaced, Ok(true))
        && let Some(key) = key
    {
        object_writer::abort_write_or_log(tiers, fence, old.user_id, &key, now).await;
    }
    if !replaced? {
        return Ok(Compacted::default());
    }
    reach(FailPoint::Swapped).await;
    let deleted =
        i64::from(delete_object::remove_or_log(tiers, fence, old.user_id, &old.key, now).await);
    Ok(Split { live, expired }.result(deleted))
}

/// What [`compact`] would do. Fails if the archive or the database does.
pub(crate) async fn preview(
    tiers: &Tiers,
    old: &Manifest,
    cut_off: Option<Timestamp>,
) -> Result<Compacted> {
    if is_fully_expired(old, cut_off) {
        return Ok(Compacted {
            expired: old.entries(),
            written: 0,
            deleted: 1,
        });
    }
    let split = split(tiers, old, cut_off).await?;
    Ok(split.map_or_else(Compacted::default, |split| split.result(1)))
}

fn is_fully_expired(old: &Manifest, cut_off: Option<Timestamp>) -> bool {
    !old.kept && cut_off.is_some_and(|cut_off| old.made.1 <= cut_off)
}

/// The entries of an object that stay, and those that expired.
struct Split {
    live: Vec<StoredEntry>,
    expired: Vec<StoredEntry>,
}

impl Split {
    /// The result for an object of which `deleted` were deleted.
    fn result(&self, deleted: i64) -> Compacted {
        Compacted {
            expired: self.expired.len() as i64,
            written: i64::from(!self.live.is_empty()),
            deleted,
        }
    }
}

/// Reads and splits an object. Returns `None` if all of it stays.
async fn split(tiers: &Tiers, old: &Manifest, cut_off: Option<Timestamp>) -> Result<Option<Split>> {
    let cut_off = cut_off.filter(|_| !old.kept);
    let expires = |entry: &StoredEntry| cut_off.is_some_and(|cut_off| entry.timestamp <= cut_off);
    let entries = tiers
        .archive
        .entries_uncached(&old.key, &old.sha256)
        .await?;
    let tombstones =
        tombstones::of_object(&mut *tiers.store.read().await?, old.user_id, &old.key).await?;
    let select = |matches: &dyn Fn(&StoredEntry) -> bool| {
        entries
            .iter()
            .filter(|entry| matches(entry))
            .cloned()
            .collect::<Vec<_>>()
    };
    let live = select(&|entry| !tombstones.is_removable(&entry.id) && !expires(entry));
    if live.len() == entries.len() {
        return Ok(None);
    }
    Ok(Some(Split {
        expired: select(&|entry| !tombstones.contains(&entry.id) && expires(entry)),
        live,
    }))
}

/// Marks an object with only expired entries for deletion. The object may be damaged; the files its
/// entries produced are marked as far as it can be read.
async fn delete_expired(
    tiers: &Tiers,
    fence: Option<Fence>,
    old: &Manifest,
    now: Timestamp,
) -> Result<Compacted> {
    let entries = match tiers.archive.entries_uncached(&old.key, &old.sha256).await {
        Err(why @ ArchiveError::Unreachable(_)) => return Err(why.into()),
        decoded => decoded.unwrap_or_default(),
    };
    let mut tx = begin(&tiers.store, fence, old.user_id).await?;
    let Some(current) = objects::find(&mut tx, old.user_id, &old.key).await? else {
        return Ok(Compacted::default());
    };
    if holds::protects(&mut tx, old.user_id, old.conversation_id).await? {
        return Ok(Compacted::default());
    }
    let tombstones = tombstones::of_object(&mut tx, old.user_id, &old.key).await?;
    for entry in entries
        .iter()
        .filter(|entry| !tombstones.contains(&entry.id))
    {
        files::mark_produced(&mut tx, old.user_id, entry.conversation_id, &entry.metadata).await?;
    }
    pending_delete::mark(&mut tx, &current).await?;
    reach(FailPoint::MarkWritten).await;
    tx.commit().await?;
    reach(FailPoint::Marked).await;
    let deleted =
        i64::from(delete_object::remove_or_log(tiers, fence, old.user_id, &old.key, now).await);
    Ok(Compacted {
        expired: current.entries(),
        written: 0,
        deleted,
    })
}

/// Activates the new object, if any, and marks the old one for deletion. Returns `false` if the old
/// one is no longer active, or if a hold now covers expired entries.
async fn replace(
    tiers: &Tiers,
    fence: Option<Fence>,
    old: &Manifest,
    new: Option<Manifest>,
    (live, expired): (&[StoredEntry], &[StoredEntry]),
) -> Result<bool> {
    let user = old.user_id;
    let mut tx = begin(&tiers.store, fence, user).await?;
    let Some(current) = objects::find(&mut tx, user, &old.key).await? else {
        return Ok(false);
    };
    if !expired.is_empty() && holds::protects(&mut tx, user, old.conversation_id).await? {
        return Ok(false);
    }
    let tombstones = tombstones::of_object(&mut tx, user, &old.key).await?;
    let mut changes = Changes::default();
    current.count_all(&mut changes, -1);
    for entry in expired
        .iter()
        .filter(|entry| !tombstones.contains(&entry.id))
    {
        changes.count_deleted(
            (current.day, entry.log_type, entry.status),
            current.totals_of(entry),
        );
        files::mark_produced(&mut tx, user, entry.conversation_id, &entry.metadata).await?;
    }
    if let Some(mut new) = new {
        new.tier = if new.kept {
            StorageStatus::Archived
        } else {
            current.tier
        };
        for entry in live.iter().filter(|entry| tombstones.contains(&entry.id)) {
            tombstones::insert(&mut tx, user, &new.key, entry.id).await?;
            new.count(entry, -1);
        }
        new.archived_at = current.archived_at;
        new.count_all(&mut changes, 1);
        object_writer::activate(&mut tx, &new).await?;
    }
    changes.write(&mut tx, user).await?;
    objects::mark_for_delete(&mut tx, user, &old.key).await?;
    reach(FailPoint::SwapWritten).await;
    tx.commit().await?;
    Ok(true)
}
