//! The manifest of a restored backup and the objects that are there: some were rewritten or deleted after the backup was made, and
//! others took their place.

use super::{
    Retention, begin,
    fail_points::{FailPoint, reach},
    putting,
    restoring::Restored,
};
use crate::{
    ids::{EntryId, UserId},
    server::{
        archive::{ArchiveError, object},
        error::{Error, Result},
        store::{
            heads,
            retention::{
                holes,
                manifest::Manifest,
                objects::{self, Reservation},
            },
            stats::{Changes, Figures},
            work_logs::{self, StoredEntry},
        },
    },
    timestamp::Timestamp,
    work_log::{LogType, Status},
};
use futures::TryStreamExt;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Lists a person's objects that took the place of missing ones, and gives these up. An entry is there once: as the backup has it,
/// or else as the newest object has it.
pub(super) async fn reconcile(
    retention: &Retention,
    now: Timestamp,
    user: UserId,
    restored: &mut Restored,
) -> Result<()> {
    let (mut lost, mut missing, mut whole) = (Totals::new(), Vec::new(), Vec::new());
    for manifest in objects::of_user(&mut *retention.store.read().await?, user, None).await? {
        match retention
            .archive
            .entries_once(&manifest.key, &manifest.sha256)
            .await
        {
            Ok(_) => whole.push(manifest),
            Err(ArchiveError::Missing(_)) => missing.push(manifest),
            Err(error) => return Err(error.into()),
        }
    }
    restored.missing += missing.len() as i64;
    missing
        .iter()
        .for_each(|manifest| add(&mut lost, manifest, 1));
    // first what took their place, so that a crash in between leaves them to be found missing again
    for folder in missing.iter().map(folder).collect::<BTreeSet<_>>() {
        let mut there = HashSet::new();
        for manifest in whole
            .iter()
            .filter(|manifest| self::folder(manifest) == folder)
        {
            there.extend(counted(retention, manifest).await?);
        }
        for unknown in unknown(retention, user, folder).await? {
            if let Some(adopted) = adopt(retention, now, user, unknown, &mut there).await? {
                restored.adopted += 1;
                add(&mut lost, &adopted, -1);
            }
        }
    }
    for manifest in &missing {
        give_up(retention, manifest).await?;
    }
    count_deleted(retention, user, lost).await
}

/// Where objects of the same conversation and day lie: an entry is in no other.
fn folder(manifest: &Manifest) -> &str {
    manifest
        .key
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder)
}

/// The entries of an object that count.
async fn counted(retention: &Retention, manifest: &Manifest) -> Result<Vec<EntryId>> {
    let entries = retention
        .archive
        .entries_once(&manifest.key, &manifest.sha256)
        .await?;
    let gone = holes::of(
        &mut *retention.store.read().await?,
        manifest.user_id,
        &manifest.key,
    )
    .await?;
    Ok(entries
        .iter()
        .map(|entry| entry.id)
        .filter(|id| !gone.contains(id))
        .collect())
}

/// An object that the manifest does not name.
struct Unknown {
    key: String,
    /// Its size, and the SHA-256 of its bytes.
    stored: (i64, String),
    entries: Vec<StoredEntry>,
}

/// Those in a folder, the newest first.
async fn unknown(retention: &Retention, user: UserId, folder: &str) -> Result<Vec<Unknown>> {
    let listed: Vec<String> = retention
        .archive
        .list(folder)
        .map_ok(|object| object.key)
        .try_collect()
        .await?;
    let known = objects::known(&mut *retention.store.read().await?, user, &listed).await?;
    let mut unknown = Vec::new();
    for key in listed.into_iter().filter(|key| !known.contains(key)) {
        let bytes = retention.archive.get(&key).await?;
        match object::decode(&bytes) {
            Ok(entries) => unknown.push(Unknown {
                key,
                stored: (bytes.len() as i64, object::hex_sha256(&bytes)),
                entries,
            }),
            // such as one whose writer died: whoever deletes rows for an object has read it back before
            Err(why) => tracing::warn!(
                key,
                why,
                "an object that the backup does not name cannot be read, and is left out"
            ),
        }
    }
    unknown.sort_by_key(|object| {
        std::cmp::Reverse(object.entries.iter().map(|entry| entry.rev).max())
    });
    Ok(unknown)
}

/// Takes an object out of the manifest that is not there.
async fn give_up(retention: &Retention, manifest: &Manifest) -> Result<()> {
    let mut tx = begin(&retention.store, None, manifest.user_id).await?;
    let mut changes = Changes::default();
    manifest.shift(&mut changes, -1);
    changes.write(&mut tx, manifest.user_id).await?;
    objects::doom(&mut tx, manifest.user_id, &manifest.key).await?;
    reach(FailPoint::MissingWritten).await;
    tx.commit().await?;
    reach(FailPoint::MissingDoomed).await;
    Ok(())
}

/// Figures by day, type and status.
type Totals = BTreeMap<(i64, LogType, Status), Figures>;

fn add(totals: &mut Totals, manifest: &Manifest, sign: i64) {
    for (kind, status, figures) in &manifest.totals {
        let sum = totals.entry((manifest.day, *kind, *status)).or_default();
        *sum = sum.plus(*figures, sign);
    }
}

/// What missing objects held and nothing holds any more was deleted since the backup.
async fn count_deleted(retention: &Retention, user: UserId, lost: Totals) -> Result<()> {
    let mut changes = Changes::default();
    for (line, figures) in lost.into_iter().filter(|(_, figures)| figures.entries > 0) {
        changes.count_deleted(line, figures);
    }
    let mut tx = begin(&retention.store, None, user).await?;
    changes.write(&mut tx, user).await?;
    Ok(tx.commit().await?)
}

/// Lists an object without those of its entries that are `there` or are rows, and adds the others to `there`. One that has no others
/// is left as it is: it may be what rows become when they are moved.
async fn adopt(
    retention: &Retention,
    now: Timestamp,
    user: UserId,
    Unknown {
        key,
        stored,
        entries,
    }: Unknown,
    there: &mut HashSet<EntryId>,
) -> Result<Option<Manifest>> {
    let of_user = |manifest: &Manifest| manifest.user_id == user;
    let mut manifest = Manifest::of(&key, &entries, stored, now)
        .filter(of_user)
        .ok_or(Error::NotFound("object"))?;
    let mut tx = begin(&retention.store, None, user).await?;
    if objects::reserve(&mut tx, user, &key, manifest.conversation_id, now).await?
        != Reservation::Taken
    {
        return Ok(None);
    }
    for entry in &entries {
        if there.contains(&entry.id) || work_logs::find(&mut tx, user, entry.id).await?.is_some() {
            holes::insert(&mut tx, user, &key, entry.id).await?;
            manifest.count(entry, -1);
        }
    }
    if manifest.entries() == 0 {
        return Ok(None);
    }
    let mut changes = Changes::default();
    manifest.shift(&mut changes, 1);
    putting::list(&mut tx, &manifest, None).await?;
    changes.write(&mut tx, user).await?;
    // whoever changes one of them makes it newer than it is
    heads::raise(
        &mut tx,
        user,
        entries.iter().map(|entry| entry.rev).max().unwrap_or(0),
    )
    .await?;
    reach(FailPoint::AdoptWritten).await;
    tx.commit().await?;
    reach(FailPoint::Adopted).await;
    there.extend(entries.iter().map(|entry| entry.id));
    Ok(Some(manifest))
}
