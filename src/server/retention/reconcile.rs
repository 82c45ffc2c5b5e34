//! The manifest of a restored backup, rebuilt from the objects that are there: some were written,
//! rewritten or deleted after the backup was made. Of an entry in several objects or rows the
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

/// Rows looked up together.
const AT_ONCE: usize = 500;

/// Brings a person's manifest in line with the objects that are there.
pub(super) async fn reconcile(
    tiers: &Tiers,
    now: Timestamp,
    user: UserId,
    restored: &mut RestoreReport,
) -> Result<()> {
    let mut tx = begin(&tiers.store, None, user).await?;
    // whoever deleted these has stopped, and a name of before may be in use since
    objects::forget_gone(&mut tx, user).await?;
    tx.commit().await?;
    // an entry is in objects of one folder only, that of its conversation and day
    let mut folders = BTreeMap::<String, BTreeMap<String, Option<Manifest>>>::new();
    let folder_of = |key: &str| key.rsplit_once('/').unwrap_or_default().0.to_owned();
    for manifest in objects::of_user(&mut *tiers.store.read().await?, user, None).await? {
        let folder = folders.entry(folder_of(&manifest.key)).or_default();
        folder.insert(manifest.key.clone(), Some(manifest));
    }
    let of_user = format!("{}/{user}", object::FOLDER);
    let listed: Vec<_> = tiers.archive.list(&of_user).try_collect().await?;
    for object in listed {
        let folder = folders.entry(folder_of(&object.key)).or_default();
        folder.entry(object.key).or_insert(None);
    }
    for folder in folders.into_values() {
        let rebuilding = read(tiers, user, folder).await?;
        rebuilding.carry_out(tiers, now, restored).await?;
    }
    Ok(())
}

/// An object that is there.
struct Found {
    key: String,
    /// Its size, and the SHA-256 of its bytes.
    stored: (i64, String),
    decoded: object::DecodedObject,
    /// Where the backup names it: what it knows of it.
    named: Option<(Manifest, Uncounted)>,
}

impl Found {
    fn manifest(&self) -> Option<&Manifest> {
        self.named.as_ref().map(|(manifest, _)| manifest)
    }

    /// Its entries that may count.
    fn entries(&self) -> impl Iterator<Item = &StoredEntry> {
        self.decoded.entries.iter().filter(|entry| {
            self.named
                .as_ref()
                .is_none_or(|(_, uncounted)| !uncounted.contains(&entry.id))
        })
    }
}

/// What becomes of a folder's objects.
struct Rebuilding {
    user: UserId,
    /// Those that count, those first that the backup names.
    found: Vec<Found>,
    /// Those of the backup that another one replaces.
    replaced: Vec<Found>,
    /// Those of the backup that are not there any more.
    missing: Vec<Manifest>,
    /// The highest revision in any of them.
    newest: i64,
}

/// Reads the objects of a folder. Errors: one that the backup names is damaged, or the archive does
/// not answer.
async fn read(
    tiers: &Tiers,
    user: UserId,
    folder: BTreeMap<String, Option<Manifest>>,
) -> Result<Rebuilding> {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for (key, named) in folder {
        let Some((stored, decoded)) = read_one(tiers, &key, named.as_ref()).await? else {
            missing.extend(named);
            continue;
        };
        let reader = &mut *tiers.store.read().await?;
        let named = match named {
            Some(manifest) => Some((manifest, tombstones::of(reader, user, &key).await?)),
            None if may_be_adopted(reader, user, &key, &decoded).await? => None,
            None => continue,
        };
        found.push(Found {
            key,
            stored,
            decoded,
            named,
        });
    }
    let revs = found.iter().flat_map(|object| &object.decoded.entries);
    let newest = revs.map(|entry| entry.rev).max().unwrap_or(0);
    let replaced = found.iter().flat_map(|object| &object.decoded.replaces);
    let replaced: HashSet<String> = replaced.cloned().collect();
    let (mut replaced, mut found): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|object| replaced.contains(&object.key));
    replaced.retain(|object| object.named.is_some());
    found.sort_by_key(|object| object.named.is_none());
    Ok(Rebuilding {
        user,
        found,
        replaced,
        missing,
        newest,
    })
}

/// Reads an object. `None` where it is missing. One that the backup does not name may be
/// unreadable, such as one whose writer died: who deletes rows for an object has read it before.
async fn read_one(
    tiers: &Tiers,
    key: &str,
    named: Option<&Manifest>,
) -> Result<Option<((i64, String), object::DecodedObject)>> {
    let bytes = match tiers.archive.get(key).await {
        Err(ArchiveError::Missing(_)) => return Ok(None),
        bytes => bytes?,
    };
    let sha256 = object::hex_sha256(&bytes);
    let decoded = match named {
        Some(manifest) if manifest.sha256 != sha256 => {
            Err("it does not have the checksum of its manifest".to_owned())
        }
        _ => object::decode_whole(&bytes),
    };
    match decoded {
        Ok(decoded) => Ok(Some(((bytes.len() as i64, sha256), decoded))),
        Err(why) if named.is_some() => Err(ArchiveError::Damaged(key.to_owned(), why).into()),
        Err(why) => {
            tracing::warn!(
                target: log_targets::RETENTION_RECONCILE,
                key,
                why,
                "an object that the backup does not name cannot be read, and is left out"
            );
            Ok(None)
        }
    }
}

/// Whether an object that the backup does not name may be listed: it is not to be deleted, and its
/// conversation was not begun after the backup.
async fn may_be_adopted(
    reader: &mut AnyConnection,
    user: UserId,
    key: &str,
    decoded: &object::DecodedObject,
) -> Result<bool> {
    let place = match decoded.entries.first() {
        Some(entry) if entry.user_id == user => entry.conversation_id,
        _ => return Ok(false),
    };
    if let Some(id) = place
        && conversations::find(reader, user, id).await?.is_none()
    {
        return Ok(false);
    }
    Ok(!objects::is_marked_for_delete(reader, user, key).await?)
}

impl Rebuilding {
    /// Lists what counts and gives up what is missing, in one transaction.
    async fn carry_out(
        self,
        tiers: &Tiers,
        now: Timestamp,
        restored: &mut RestoreReport,
    ) -> Result<()> {
        let mut gone = self.missing.clone();
        gone.extend(self.replaced.iter().filter_map(Found::manifest).cloned());
        if gone.is_empty() && self.found.iter().all(|object| object.named.is_some()) {
            return Ok(());
        }
        let user = self.user;
        let mut tx = begin(&tiers.store, None, user).await?;
        let mut sums = TierTotals::default();
        let named = self.found.iter().filter(|object| object.named.is_some());
        for object in named.chain(&self.replaced) {
            sums.known.extend(object.entries().map(|entry| entry.id));
        }
        let winners = self.winners(&mut tx, &mut sums).await?;
        let mut adopted = 0;
        for (n, object) in self.found.iter().enumerate() {
            let wins = |entry: &StoredEntry| winners.get(&entry.id) == Some(&n);
            let mut manifest = match &object.named {
                Some((manifest, _)) => {
                    sums.shift(manifest, -1);
                    manifest.clone()
                }
                None if object.entries().any(wins) => {
                    let manifest = adopt(&mut tx, object, now).await?;
                    for entry in object.entries().filter(|entry| wins(entry)) {
                        sums.find(&manifest, entry);
                    }
                    manifest
                }
                // it is left as it is: it may be what rows become when they are moved
                None => continue,
            };
            for entry in object.entries().filter(|entry| !wins(entry)) {
                tombstones::insert(&mut tx, user, &manifest.key, entry.id).await?;
                manifest.count(entry, -1);
            }
            sums.shift(&manifest, 1);
            if object.named.is_some() {
                objects::write_totals(&mut tx, &manifest).await?;
            } else {
                object_writer::list(&mut tx, &manifest).await?;
                adopted += 1;
            }
        }
        for manifest in &gone {
            sums.shift(manifest, -1);
            objects::mark_for_delete(&mut tx, user, &manifest.key).await?;
        }
        for manifest in &self.missing {
            sums.lose_all(manifest);
        }
        for object in &self.replaced {
            let lost = |entry: &&StoredEntry| !winners.contains_key(&entry.id);
            for entry in object.entries().filter(lost) {
                sums.lose(object, entry);
            }
        }
        sums.write(&mut tx, user).await?;
        // whoever changes one of them makes it newer than it is
        heads::raise(&mut tx, user, self.newest).await?;
        let missing = gone.len() as i64;
        let points = [
            (adopted, FailPoint::AdoptWritten, FailPoint::Adopted),
            (missing, FailPoint::MissingWritten, FailPoint::MissingDoomed),
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

    /// In which of the objects each entry counts that is not a row. A row that is older than its
    /// entry in an object is deleted.
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
        for ids in ids.chunks(AT_ONCE) {
            for row in rows::by_id(tx, self.user, ids).await? {
                let (id, rev) = (row.entry.id, row.entry.rev);
                if best.get(&id).is_some_and(|(of_object, _)| rev < *of_object) {
                    rows::delete_exactly(tx, self.user, &[(id, rev)]).await?;
                    sums.take_row(&row);
                } else {
                    best.remove(&id);
                }
            }
        }
        Ok(best.into_iter().map(|(id, (_, of))| (id, of)).collect())
    }
}

/// Takes the name of an object that the backup does not name. Its manifest counts all its entries.
async fn adopt(tx: &mut Tx<'_>, object: &Found, now: Timestamp) -> Result<Manifest> {
    let (key, entries) = (&object.key, &object.decoded.entries);
    let manifest =
        Manifest::of(key, entries, object.stored.clone(), now).ok_or(Error::NotFound("object"))?;
    let (user, conversation) = (manifest.user_id, manifest.conversation_id);
    match objects::reserve(tx, user, key, conversation, now).await? {
        Reservation::Taken => Ok(manifest),
        _ => Err(Error::Conflict(format!("object {key} is in use"))),
    }
}

/// What changes in the totals, and what is lost: what was deleted since the backup. An entry that
/// is only found elsewhere, in another state perhaps, is not lost. What was in an object that is
/// missing is known by its totals alone; what is found beside it and was nowhere in the backup is
/// taken for some of that.
#[derive(Default)]
struct TierTotals {
    changes: Changes,
    lost: BTreeMap<(i64, LogType, Status), EntryTotals>,
    /// Entries of the backup that are found by their ids.
    known: HashSet<EntryId>,
}

impl TierTotals {
    /// Counts an object in (`sign` 1) or out (`sign` -1).
    fn shift(&mut self, manifest: &Manifest, sign: i64) {
        manifest.shift(&mut self.changes, sign);
    }

    fn take_row(&mut self, row: &TieredRow) {
        row.count(&mut self.changes, -1);
        self.known.insert(row.entry.id);
    }

    fn find(&mut self, manifest: &Manifest, entry: &StoredEntry) {
        if !self.known.contains(&entry.id) {
            let line = (manifest.day, entry.log_type, entry.status);
            self.count_lost(line, manifest.figures(entry), -1);
        }
    }

    fn lose(&mut self, object: &Found, entry: &StoredEntry) {
        if let Some(manifest) = object.manifest() {
            let line = (manifest.day, entry.log_type, entry.status);
            self.count_lost(line, manifest.figures(entry), 1);
        }
    }

    fn lose_all(&mut self, manifest: &Manifest) {
        for (kind, status, figures) in &manifest.totals {
            self.count_lost((manifest.day, *kind, *status), *figures, 1);
        }
    }

    fn count_lost(&mut self, line: (i64, LogType, Status), figures: EntryTotals, sign: i64) {
        let lost = self.lost.entry(line).or_default();
        *lost = lost.plus(figures, sign);
    }

    async fn write(mut self, tx: &mut Tx<'_>, user: UserId) -> Result<()> {
        let lost = self.lost.into_iter();
        for (line, figures) in lost.filter(|(_, figures)| figures.entries > 0) {
            self.changes.count_deleted(line, figures);
        }
        Ok(self.changes.write(tx, user).await?)
    }
}
