//! Rewriting objects: without entries that may go from them, and without those that expired. The
//! new object is put and compared like any other; one transaction lists it and dooms the old one.

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

/// What became of an object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Compacted {
    /// Entries deleted because they expired.
    pub expired: i64,
    /// Objects written in its place.
    pub written: i64,
    /// Objects deleted.
    pub deleted: i64,
}

/// Rewrites an object without what may go from it and, given a cut-off, without what was made at or
/// before it and nothing keeps.
pub(crate) async fn compact(
    tiers: &Tiers,
    fence: Option<Fence>,
    old: &Manifest,
    cut_off: Option<Timestamp>,
    now: Timestamp,
) -> Result<Compacted> {
    if expires_whole(old, cut_off) {
        return expire_whole(tiers, fence, old, now).await;
    }
    let erased = ErasureMark::now(tiers, old.user_id).await?;
    let Some(Cut { live, expired }) = cut(tiers, old, cut_off).await? else {
        return Ok(Compacted::default());
    };
    reach(FailPoint::MovePlanned).await;
    let new = if live.is_empty() {
        None
    } else {
        // an entry that expired may be held by the time the new object is listed
        let replaces = expired.is_empty().then(|| old.key.clone());
        Some(object_writer::put(tiers, fence, &live, replaces, erased, now).await?)
    };
    let key = new.as_ref().map(|new| new.key.clone());
    let swapped = swap(tiers, fence, old, new, (&live, &expired)).await;
    if !matches!(swapped, Ok(true))
        && let Some(key) = key
    {
        object_writer::take_back_or_tell(tiers, fence, old.user_id, &key, now).await;
    }
    if !swapped? {
        return Ok(Compacted::default());
    }
    reach(FailPoint::Swapped).await;
    let deleted =
        i64::from(delete_object::remove_or_tell(tiers, fence, old.user_id, &old.key, now).await);
    Ok(Cut { live, expired }.becomes(deleted))
}

/// What [`compact`] would do. Errors: the archive or the database failed.
pub(crate) async fn preview(
    tiers: &Tiers,
    old: &Manifest,
    cut_off: Option<Timestamp>,
) -> Result<Compacted> {
    if expires_whole(old, cut_off) {
        return Ok(Compacted {
            expired: old.entries(),
            written: 0,
            deleted: 1,
        });
    }
    let cut = cut(tiers, old, cut_off).await?;
    Ok(cut.map_or_else(Compacted::default, |cut| cut.becomes(1)))
}

fn expires_whole(old: &Manifest, cut_off: Option<Timestamp>) -> bool {
    !old.kept && cut_off.is_some_and(|cut_off| old.made.1 <= cut_off)
}

/// What stays of an object, and what of it expired.
struct Cut {
    live: Vec<StoredEntry>,
    expired: Vec<StoredEntry>,
}

impl Cut {
    /// What becomes of the object, of which so many are `deleted`.
    fn becomes(&self, deleted: i64) -> Compacted {
        Compacted {
            expired: self.expired.len() as i64,
            written: i64::from(!self.live.is_empty()),
            deleted,
        }
    }
}

/// Reads an object. `None` when all of it stays.
async fn cut(tiers: &Tiers, old: &Manifest, cut_off: Option<Timestamp>) -> Result<Option<Cut>> {
    let cut_off = cut_off.filter(|_| !old.kept);
    let expires = |entry: &StoredEntry| cut_off.is_some_and(|cut_off| entry.timestamp <= cut_off);
    let entries = tiers.archive.entries_once(&old.key, &old.sha256).await?;
    let gone = tombstones::of(&mut *tiers.store.read().await?, old.user_id, &old.key).await?;
    let only = |goes: &dyn Fn(&StoredEntry) -> bool| {
        entries
            .iter()
            .filter(|entry| goes(entry))
            .cloned()
            .collect::<Vec<_>>()
    };
    let live = only(&|entry| !gone.may_go(&entry.id) && !expires(entry));
    if live.len() == entries.len() {
        return Ok(None);
    }
    Ok(Some(Cut {
        expired: only(&|entry| !gone.contains(&entry.id) && expires(entry)),
        live,
    }))
}

/// Dooms an object of which everything expired. It need not be whole for that; files are deleted
/// that its entries name as far as they can be read.
async fn expire_whole(
    tiers: &Tiers,
    fence: Option<Fence>,
    old: &Manifest,
    now: Timestamp,
) -> Result<Compacted> {
    let entries = match tiers.archive.entries_once(&old.key, &old.sha256).await {
        Err(why @ ArchiveError::Unreachable(_)) => return Err(why.into()),
        read => read.unwrap_or_default(),
    };
    let mut tx = begin(&tiers.store, fence, old.user_id).await?;
    let Some(current) = objects::find(&mut tx, old.user_id, &old.key).await? else {
        return Ok(Compacted::default());
    };
    if holds::protects(&mut tx, old.user_id, old.conversation_id).await? {
        return Ok(Compacted::default());
    }
    let gone = tombstones::of(&mut tx, old.user_id, &old.key).await?;
    for entry in entries.iter().filter(|entry| !gone.contains(&entry.id)) {
        files::mark_produced(&mut tx, old.user_id, entry.conversation_id, &entry.metadata).await?;
    }
    pending_delete::mark(&mut tx, &current).await?;
    reach(FailPoint::DoomWritten).await;
    tx.commit().await?;
    reach(FailPoint::Doomed).await;
    let deleted =
        i64::from(delete_object::remove_or_tell(tiers, fence, old.user_id, &old.key, now).await);
    Ok(Compacted {
        expired: current.entries(),
        written: 0,
        deleted,
    })
}

/// Lists the new object, if there is one, and dooms the old. `false` when the old one is gone, or
/// something keeps by now what expired.
async fn swap(
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
    let gone = tombstones::of(&mut tx, user, &old.key).await?;
    let mut changes = Changes::default();
    current.shift(&mut changes, -1);
    for entry in expired.iter().filter(|entry| !gone.contains(&entry.id)) {
        changes.count_deleted(
            (current.day, entry.log_type, entry.status),
            current.figures(entry),
        );
        files::mark_produced(&mut tx, user, entry.conversation_id, &entry.metadata).await?;
    }
    if let Some(mut new) = new {
        new.tier = if new.kept {
            StorageStatus::Archived
        } else {
            current.tier
        };
        for entry in live.iter().filter(|entry| gone.contains(&entry.id)) {
            tombstones::insert(&mut tx, user, &new.key, entry.id).await?;
            new.count(entry, -1);
        }
        new.archived_at = current.archived_at;
        new.shift(&mut changes, 1);
        object_writer::list(&mut tx, &new).await?;
    }
    changes.write(&mut tx, user).await?;
    objects::mark_for_delete(&mut tx, user, &old.key).await?;
    reach(FailPoint::SwapWritten).await;
    tx.commit().await?;
    Ok(true)
}
