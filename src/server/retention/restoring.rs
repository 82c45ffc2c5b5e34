//! After a backup was restored: what was erased since does not come back, and the manifest is brought in line with the objects
//! that are there.

use super::{
    ArchiveError, Retention, begin, erased, erasing,
    fail_points::{FailPoint, reach},
    moving, object, reading,
};
use crate::{
    ids::{ConversationId, EntryId, UserId},
    server::{
        chat::delete_conversation,
        error::{Error, Result},
        store::{
            retention::{
                holds::{self, Covered},
                holes,
                manifest::Manifest,
                objects,
            },
            stats::{Changes, DELETED, Figures},
            users,
            work_logs::{self, EntryFilter},
        },
    },
    timestamp::Timestamp,
    work_log::{LogType, Status},
};
use futures::TryStreamExt;
use std::collections::BTreeMap;

/// Entries looked at together.
const AT_ONCE: i64 = 1_000;

/// What restoring changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Restored {
    /// People, conversations and entries erased again.
    pub erased: i64,
    /// Objects listed that the backup did not know.
    pub adopted: i64,
    /// Objects of the backup that are not there any more.
    pub missing: i64,
}

/// Erases again what the list names, and brings the manifest in line with the archive.
pub async fn after_restore(retention: &Retention, now: Timestamp) -> Result<Restored> {
    let erased = erased::read(&retention.archive).await?;
    let is_erased = |kind: &str, id: String| erased.contains(&(kind.to_owned(), object::hex_sha256(id.as_bytes())));
    let mut restored = Restored::default();
    for user in users::ids(&mut *retention.store.read().await?).await? {
        if is_erased("account", user.to_string()) {
            release(retention, now, user, Covered::Everything).await?;
            erasing::erase_account(retention, now, user).await?;
            restored.erased += 1;
            continue;
        }
        reconcile(retention, now, user, &mut restored).await?;
        for conversation in conversations_of(retention, user).await? {
            if is_erased("conversation", conversation.to_string()) {
                release(retention, now, user, Covered::Place(Some(conversation))).await?;
                delete_conversation(&retention.store, now, user, conversation).await?;
                restored.erased += 1;
            }
        }
        if erased.iter().any(|(kind, _)| kind == "entry") {
            restored.erased += erase_again(retention, now, user, |id| is_erased("entry", id.to_string())).await?;
        }
        reach(FailPoint::ErasedAgain).await;
        erasing::purge(retention, now, user).await?;
    }
    Ok(restored)
}

/// What was erased was not held then, so a hold on it that the backup still knows had been released.
async fn release(retention: &Retention, now: Timestamp, user: UserId, covered: Covered) -> Result<()> {
    let mut tx = begin(&retention.store, None, user).await?;
    holds::release_over(&mut tx, user, covered, now).await?;
    Ok(tx.commit().await?)
}

async fn conversations_of(retention: &Retention, user: UserId) -> Result<Vec<ConversationId>> {
    let found = crate::server::store::conversations::latest(&mut *retention.store.read().await?, user, i64::MAX).await?;
    Ok(found.into_iter().map(|conversation| conversation.id).collect())
}

/// Goes through a person's entries of all tiers, a page at a time, and erases those that were. Returns how many.
async fn erase_again(retention: &Retention, now: Timestamp, user: UserId, is_erased: impl Fn(EntryId) -> bool) -> Result<i64> {
    let (filter, archive) = (EntryFilter::default(), &retention.archive);
    let (mut erased, mut before) = (0, None);
    loop {
        let mut reader = retention.store.read().await?;
        let page = reading::list(&mut reader, archive, user, (&filter, false), before, AT_ONCE).await?;
        drop(reader);
        let Some(last) = page.last() else { return Ok(erased) };
        before = Some(last.id);
        for entry in page.iter().filter(|entry| is_erased(entry.id)) {
            release(retention, now, user, Covered::Place(entry.conversation_id)).await?;
            erasing::erase_entry(retention, now, user, entry.id).await?;
            erased += 1;
        }
    }
}

/// Objects that were rewritten or deleted after the backup was made are missing; what took their place is listed instead.
async fn reconcile(retention: &Retention, now: Timestamp, user: UserId, restored: &mut Restored) -> Result<()> {
    let mut lost = Totals::new();
    for manifest in objects::of_user(&mut *retention.store.read().await?, user, None).await? {
        match retention.archive.entries_once(&manifest.key, &manifest.sha256).await {
            Err(ArchiveError::Missing(_)) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => continue,
        }
        restored.missing += 1;
        add(&mut lost, &manifest, 1);
        // first what took its place, so that a crash in between leaves it to be found missing again
        let folder = manifest.key.rsplit_once('/').map_or("", |(folder, _)| folder);
        let beside: Vec<_> = retention.archive.list(folder).try_collect().await?;
        for object in beside {
            if let Some(adopted) = adopt(retention, now, user, &object.key).await? {
                restored.adopted += 1;
                add(&mut lost, &adopted, -1);
            }
        }
        give_up(retention, &manifest).await?;
    }
    count_deleted(retention, user, lost).await
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
    for ((day, kind, status), figures) in lost.into_iter().filter(|(_, figures)| figures.entries > 0) {
        changes.count((day, kind, status, DELETED), Figures { stored_bytes: 0, ..figures }, 1);
    }
    let mut tx = begin(&retention.store, None, user).await?;
    changes.write(&mut tx, user).await?;
    Ok(tx.commit().await?)
}

/// Lists an object that the backup does not know, without those of its entries that are rows. One of rows alone is left as it is:
/// it is what they become when they are moved.
async fn adopt(retention: &Retention, now: Timestamp, user: UserId, key: &str) -> Result<Option<Manifest>> {
    if objects::is_known(&mut *retention.store.read().await?, user, key).await? {
        return Ok(None);
    }
    let bytes = retention.archive.get(key).await?;
    let entries = object::decode(&bytes).map_err(|why| ArchiveError::Damaged(key.to_owned(), why))?;
    let stored = (bytes.len() as i64, object::hex_sha256(&bytes));
    let mut manifest =
        Manifest::of(key, &entries, stored, now).filter(|manifest| manifest.user_id == user).ok_or(Error::NotFound("object"))?;
    let mut tx = begin(&retention.store, None, user).await?;
    objects::reserve(&mut tx, user, key, manifest.conversation_id, now).await?;
    let mut rows = 0;
    for entry in &entries {
        if work_logs::find(&mut tx, user, entry.id).await?.is_some() {
            holes::insert(&mut tx, user, key, entry.id).await?;
            manifest.count(entry, -1);
            rows += 1;
        }
    }
    if rows == entries.len() {
        return Ok(None);
    }
    let mut changes = Changes::default();
    manifest.shift(&mut changes, 1);
    moving::list(&mut tx, &manifest, None).await?;
    changes.write(&mut tx, user).await?;
    reach(FailPoint::AdoptWritten).await;
    tx.commit().await?;
    reach(FailPoint::Adopted).await;
    Ok(Some(manifest))
}
