//! Rebuilds the manifest of a restored backup from the existing objects, some of which were
//! written, rewritten or deleted after the backup. If an entry is in several objects or rows, the
//! highest revision counts.

use super::report::RestoreReport;
use crate::{
    domain::{
        LogType, Status,
        ids::{EntryId, UserId},
        time::Timestamp,
    },
    server::{
        archive::{Tiers, object, object_writer, tiers::begin},
        base::{
            error::{ArchiveError, Error, Result},
            fail_points::{FailPoint, reach},
            log_targets,
        },
        store::{
            Tx, conversations, heads,
            retention::{
                manifest::Manifest,
                objects::{self, Reservation},
                rows::{self, TieredRow},
                tombstones::{self, Uncounted},
            },
            stats::{Changes, EntryTotals},
            work_logs::StoredEntry,
        },
    },
};
use futures::TryStreamExt;
use sqlx::AnyConnection;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Rows per query.
const BATCH_SIZE: usize = 500;

/// Updates a user's manifest to the existing objects.
pub(super) async fn reconcile(
    tiers: &Tiers,
    now: Timestamp,
    user: UserId,
    restored: &mut RestoreReport,
) -> Result<()> {
    let mut tx = begin(&tiers.store, None, user).await?;
    // no process still deletes objects under these keys, and a key may be used again since
    objects::delete_gone(&mut tx, user).await?;
    tx.commit().await?;
    // all copies of an entry are in one directory, that of its conversation and day
    let mut directories = BTreeMap::<String, BTreeMap<String, Option<Manifest>>>::new();
    let directory_of = |key: &str| key.rsplit_once('/').unwrap_or_default().0.to_owned();
    for manifest in objects::of_user(&mut *tiers.store.read().await?, user, None).await? {
        let directory = directories.entry(directory_of(&manifest.key)).or_default();
        directory.insert(manifest.key.clone(), Some(manifest));
    }
    let prefix = format!("{}/{user}", object::FOLDER);
    let listed: Vec<_> = tiers.archive.list(&prefix).try_collect().await?;
    for object in listed {
        let directory = directories.entry(directory_of(&object.key)).or_default();
        directory.entry(object.key).or_insert(None);
    }
    for directory in directories.into_values() {
        let rebuild = read(tiers, user, directory).await?;
        rebuild.apply(tiers, now, restored).await?;
    }
    Ok(())
}

/// An existing object.
struct FoundObject {
    key: String,
    /// Its size, and the SHA-256 of its bytes.
    stored: (i64, String),
    decoded: object::DecodedObject,
    /// Its manifest and tombstones in the backup, if the backup knows it.
    known: Option<(Manifest, Uncounted)>,
}

impl FoundObject {
    fn manifest(&self) -> Option<&Manifest> {
        self.known.as_ref().map(|(manifest, _)| manifest)
    }

    /// Its entries without a tombstone.
    fn entries(&self) -> impl Iterator<Item = &StoredEntry> {
        self.decoded.entries.iter().filter(|entry| {
            self.known
                .as_ref()
                .is_none_or(|(_, uncounted)| !uncounted.contains(&entry.id))
        })
    }
}

/// The objects of a directory and what happens to them.
struct DirectoryRebuild {
    user: UserId,
    /// Objects that count, those known to the backup first.
    found: Vec<FoundObject>,
    /// Objects known to the backup that another one replaces.
    replaced: Vec<FoundObject>,
    /// Objects known to the backup that no longer exist.
    missing: Vec<Manifest>,
    /// The highest revision in any of them.
    newest: i64,
}

/// Reads the objects of a directory. Fails if one known to the backup is damaged, or if the archive
/// is unreachable.
async fn read(
    tiers: &Tiers,
    user: UserId,
    directory: BTreeMap<String, Option<Manifest>>,
) -> Result<DirectoryRebuild> {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for (key, known) in directory {
        let Some((stored, decoded)) = read_one(tiers, &key, known.as_ref()).await? else {
            missing.extend(known);
            continue;
        };
        let reader = &mut *tiers.store.read().await?;
        let known = match known {
            Some(manifest) => Some((manifest, tombstones::of_object(reader, user, &key).await?)),
            None if is_adoptable(reader, user, &key, &decoded).await? => None,
            None => continue,
        };
        found.push(FoundObject {
            key,
            stored,
            decoded,
            known,
        });
    }
    let revs = found.iter().flat_map(|object| &object.decoded.entries);
    let newest = revs.map(|entry| entry.rev).max().unwrap_or(0);
    let replaced = found.iter().flat_map(|object| &object.decoded.replaces);
    let replaced: HashSet<String> = replaced.cloned().collect();
    let (mut replaced, mut found): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|object| replaced.contains(&object.key));
    replaced.retain(|object| object.known.is_some());
    found.sort_by_key(|object| object.known.is_none());
    Ok(DirectoryRebuild {
        user,
        found,
        replaced,
        missing,
        newest,
    })
}

/// Reads an object; `None` if it is missing. An object unknown to the backup may be unreadable, if
/// its writer was interrupted: no rows were deleted for it then.
async fn read_one(
    tiers: &Tiers,
    key: &str,
    known: Option<&Manifest>,
) -> Result<Option<((i64, String), object::DecodedObject)>> {
    let bytes = match tiers.archive.get(key).await {
        Err(ArchiveError::Missing(_)) => return Ok(None),
        bytes => bytes?,
    };
    let sha256 = object::hex_sha256(&bytes);
    let decoded = match known {
        Some(manifest) if manifest.sha256 != sha256 => {
            Err("its checksum does not match the manifest".to_owned())
        }
        _ => object::decode_object(&bytes),
    };
    match decoded {
        Ok(decoded) => Ok(Some(((bytes.len() as i64, sha256), decoded))),
        Err(why) if known.is_some() => Err(ArchiveError::Damaged(key.to_owned(), why).into()),
        Err(why) => {
            tracing::warn!(
                target: log_targets::RETENTION_RECONCILE,
                key,
                why,
                "cannot read an object that is unknown to the backup; ignoring it"
            );
            Ok(None)
        }
    }
}

/// Whether an object unknown to the backup may be activated: it is not marked for deletion, and the
/// backup has its conversation.
async fn is_adoptable(
    reader: &mut AnyConnection,
    user: UserId,
    key: &str,
    decoded: &object::DecodedObject,
) -> Result<bool> {
    let conversation = match decoded.entries.first() {
        Some(entry) if entry.user_id == user => entry.conversation_id,
        _ => return Ok(false),
    };
    if let Some(id) = conversation
        && conversations::find(reader, user, id).await?.is_none()
    {
        return Ok(false);
    }
    Ok(!objects::is_marked_for_delete(reader, user, key).await?)
}

impl DirectoryRebuild {
    /// Activates the objects that count and marks the others for deletion, in one transaction.
    async fn apply(
        self,
        tiers: &Tiers,
        now: Timestamp,
        restored: &mut RestoreReport,
    ) -> Result<()> {
        let mut to_delete = self.missing.clone();
        to_delete.extend(
            self.replaced
                .iter()
                .filter_map(FoundObject::manifest)
                .cloned(),
        );
        if to_delete.is_empty() && self.found.iter().all(|object| object.known.is_some()) {
            return Ok(());
        }
        let user = self.user;
        let mut tx = begin(&tiers.store, None, user).await?;
        let mut sums = TierTotals::default();
        let known = self.found.iter().filter(|object| object.known.is_some());
        for object in known.chain(&self.replaced) {
            sums.known_ids
                .extend(object.entries().map(|entry| entry.id));
        }
        let winners = self.winners(&mut tx, &mut sums).await?;
        let mut adopted = 0;
        for (n, object) in self.found.iter().enumerate() {
            let wins = |entry: &StoredEntry| winners.get(&entry.id) == Some(&n);
            let mut manifest = match &object.known {
                Some((manifest, _)) => {
                    sums.count_all(manifest, -1);
                    manifest.clone()
                }
                None if object.entries().any(wins) => {
                    let manifest = adopt(&mut tx, object, now).await?;
                    for entry in object.entries().filter(|entry| wins(entry)) {
                        sums.count_found(&manifest, entry);
                    }
                    manifest
                }
                // left alone: rows may later be archived under this key
                None => continue,
            };
            for entry in object.entries().filter(|entry| !wins(entry)) {
                tombstones::insert(&mut tx, user, &manifest.key, entry.id).await?;
                manifest.count(entry, -1);
            }
            sums.count_all(&manifest, 1);
            if object.known.is_some() {
                objects::write_totals(&mut tx, &manifest).await?;
            } else {
                object_writer::activate(&mut tx, &manifest).await?;
                adopted += 1;
            }
        }
        for manifest in &to_delete {
            sums.count_all(manifest, -1);
            objects::mark_for_delete(&mut tx, user, &manifest.key).await?;
        }
        for manifest in &self.missing {
            sums.count_all_lost(manifest);
        }
        for object in &self.replaced {
            let lost = |entry: &&StoredEntry| !winners.contains_key(&entry.id);
            for entry in object.entries().filter(lost) {
                sums.count_entry_lost(object, entry);
            }
        }
        sums.write(&mut tx, user).await?;
        // later changes must get higher revisions
        heads::raise(&mut tx, user, self.newest).await?;
        let missing = to_delete.len() as i64;
        let points = [
            (adopted, FailPoint::AdoptWritten, FailPoint::Adopted),
            (missing, FailPoint::MissingWritten, FailPoint::MissingMarked),
        ];
        for (_, written, _) in points.iter().filter(|(objects, ..)| *objects > 0) {
            reach(*written).await;
        }
        tx.commit().await?;
        for (.., done) in points.iter().filter(|(objects, ..)| *objects > 0) {
            reach(*done).await;
        }
        restored.adopted += adopted;
        restored.missing += missing;
        Ok(())
    }

    /// For each entry that is not a row, the index of the object in which it counts. A row older
    /// than its entry in an object is deleted.
    async fn winners(
        &self,
        tx: &mut Tx<'_>,
        sums: &mut TierTotals,
    ) -> Result<HashMap<EntryId, usize>> {
        let mut best = HashMap::<EntryId, (i64, usize)>::new();
        for (n, object) in self.found.iter().enumerate() {
            for entry in object.entries() {
                let (rev, of) = best.entry(entry.id).or_insert((entry.rev, n));
                if *rev < entry.rev {
                    (*rev, *of) = (entry.rev, n);
                }
            }
        }
        let ids: Vec<EntryId> = best.keys().copied().collect();
        for ids in ids.chunks(BATCH_SIZE) {
            for row in rows::by_id(tx, self.user, ids).await? {
                let (id, rev) = (row.entry.id, row.entry.rev);
                if best
                    .get(&id)
                    .is_some_and(|(object_rev, _)| rev < *object_rev)
                {
                    rows::delete_exactly(tx, self.user, &[(id, rev)]).await?;
                    sums.remove_row(&row);
                } else {
                    best.remove(&id);
                }
            }
        }
        Ok(best.into_iter().map(|(id, (_, of))| (id, of)).collect())
    }
}

/// Reserves the key of an object unknown to the backup. Its manifest counts all its entries.
async fn adopt(tx: &mut Tx<'_>, object: &FoundObject, now: Timestamp) -> Result<Manifest> {
    let (key, entries) = (&object.key, &object.decoded.entries);
    let manifest =
        Manifest::new(key, entries, object.stored.clone(), now).ok_or(Error::NotFound("object"))?;
    let (user, conversation) = (manifest.user_id, manifest.conversation_id);
    match objects::reserve(tx, user, key, conversation, now).await? {
        Reservation::Reserved => Ok(manifest),
        _ => Err(Error::Conflict(format!("object {key} is in use"))),
    }
}

/// Changes of the totals, and entries lost: those deleted since the backup. An entry found
/// elsewhere, perhaps in another state, is not lost. Of a missing object only the totals are known;
/// entries found in new objects and unknown to the backup are assumed to be some of its entries.
#[derive(Default)]
struct TierTotals {
    changes: Changes,
    lost: BTreeMap<(i64, LogType, Status), EntryTotals>,
    /// Entries of the backup that are known by id.
    known_ids: HashSet<EntryId>,
}

impl TierTotals {
    /// Adds (`sign` 1) or subtracts (`sign` -1) an object.
    fn count_all(&mut self, manifest: &Manifest, sign: i64) {
        manifest.count_all(&mut self.changes, sign);
    }

    fn remove_row(&mut self, row: &TieredRow) {
        row.count(&mut self.changes, -1);
        self.known_ids.insert(row.entry.id);
    }

    fn count_found(&mut self, manifest: &Manifest, entry: &StoredEntry) {
        if !self.known_ids.contains(&entry.id) {
            let line = (manifest.day, entry.log_type, entry.status);
            self.count_lost(line, manifest.totals_of(entry), -1);
        }
    }

    fn count_entry_lost(&mut self, object: &FoundObject, entry: &StoredEntry) {
        if let Some(manifest) = object.manifest() {
            let line = (manifest.day, entry.log_type, entry.status);
            self.count_lost(line, manifest.totals_of(entry), 1);
        }
    }

    fn count_all_lost(&mut self, manifest: &Manifest) {
        for (kind, status, totals) in &manifest.totals {
            self.count_lost((manifest.day, *kind, *status), *totals, 1);
        }
    }

    fn count_lost(&mut self, line: (i64, LogType, Status), totals: EntryTotals, sign: i64) {
        let lost = self.lost.entry(line).or_default();
        *lost = lost.plus(totals, sign);
    }

    async fn write(mut self, tx: &mut Tx<'_>, user: UserId) -> Result<()> {
        let lost = self.lost.into_iter();
        for (line, totals) in lost.filter(|(_, totals)| totals.entries > 0) {
            self.changes.count_deleted(line, totals);
        }
        Ok(self.changes.write(tx, user).await?)
    }
}
