//! After a backup was restored: what was erased since does not come back, and the manifest is brought in line with the objects
//! that are there. The list of erasures lies in the archive, beside the objects, so that it outlives the database.

use super::{Archive, ArchiveError, Retention, begin, erasing, moving, object, trimming};
use crate::{
    ids::{ConversationId, EntryId, UserId},
    server::{
        chat::delete_conversation,
        error::{Error, Result},
        store::{
            retention::{
                erasures::{self, Erasure},
                holes,
                manifest::Manifest,
                objects,
            },
            stats::Changes,
            users,
            work_logs::{self, EntryFilter, StoredEntry},
        },
    },
    timestamp::Timestamp,
};
use futures::TryStreamExt;
use std::collections::HashSet;

/// Where the list lies.
const LIST: &str = "erased/v1";
/// Erasures in one file of the list.
const AT_ONCE: i64 = 1_000;

/// Adds new erasures to the archive's list.
pub(super) async fn mirror(retention: &Retention, now: Timestamp) -> Result<()> {
    loop {
        let fresh = erasures::unmirrored(&mut *retention.store.read().await?, AT_ONCE).await?;
        if fresh.is_empty() {
            return Ok(());
        }
        let lines: String = fresh.iter().filter_map(|erasure| serde_json::to_string(erasure).ok()).map(|line| line + "\n").collect();
        let key = format!("{LIST}/{}.ndjson", object::hex_sha256(lines.as_bytes()));
        retention.archive.create(&key, lines.clone().into_bytes()).await?;
        if retention.archive.get(&key).await? != lines.as_bytes() {
            retention.archive.replace(&key, lines.clone().into_bytes()).await?;
        }
        if retention.archive.get(&key).await? != lines.as_bytes() {
            return Err(ArchiveError::Damaged(key, "it does not hold the erasures that were put".to_owned()).into());
        }
        let mut tx = retention.store.begin().await?;
        erasures::mirrored(&mut tx, now, &fresh).await?;
        tx.commit().await?;
    }
}

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
    let erased = read_list(&retention.archive).await?;
    let is_erased = |kind: &str, id: String| erased.contains(&(kind.to_owned(), object::hex_sha256(id.as_bytes())));
    let mut restored = Restored::default();
    for user in users::ids(&mut *retention.store.read().await?).await? {
        if is_erased("account", user.to_string()) {
            erasing::erase_account(retention, now, user).await?;
            restored.erased += 1;
            continue;
        }
        reconcile(retention, now, user, &mut restored).await?;
        for conversation in conversations_of(retention, user).await? {
            if is_erased("conversation", conversation.to_string()) {
                delete_conversation(&retention.store, now, user, conversation).await?;
                restored.erased += 1;
            }
        }
        for id in entries_of(retention, user).await? {
            if is_erased("entry", id.to_string()) {
                erasing::erase_entry(retention, now, user, id).await?;
                restored.erased += 1;
            }
        }
        erasing::purge(retention, now, user).await?;
    }
    Ok(restored)
}

async fn read_list(archive: &Archive) -> Result<HashSet<(String, String)>> {
    let mut erased = HashSet::new();
    let listed: Vec<_> = archive.list(LIST).try_collect().await?;
    for file in listed {
        let bytes = archive.get(&file.key).await?;
        let read = serde_json::Deserializer::from_slice(&bytes).into_iter::<Erasure>();
        for erasure in read {
            let erasure = erasure.map_err(|why| ArchiveError::Damaged(file.key.clone(), why.to_string()))?;
            erased.insert((erasure.kind, erasure.subject));
        }
    }
    Ok(erased)
}

async fn conversations_of(retention: &Retention, user: UserId) -> Result<Vec<ConversationId>> {
    let found = crate::server::store::conversations::latest(&mut *retention.store.read().await?, user, i64::MAX).await?;
    Ok(found.into_iter().map(|conversation| conversation.id).collect())
}

/// The ids of all entries of a person, of every tier.
async fn entries_of(retention: &Retention, user: UserId) -> Result<Vec<EntryId>> {
    let mut reader = retention.store.read().await?;
    let all = super::reading::list(&mut reader, &retention.archive, user, (&EntryFilter::default(), false), None, i64::MAX).await?;
    Ok(all.into_iter().map(|entry| entry.id).collect())
}

/// Objects that were rewritten or deleted after the backup was made are missing; what took their place is listed instead.
async fn reconcile(retention: &Retention, now: Timestamp, user: UserId, restored: &mut Restored) -> Result<()> {
    for manifest in objects::of_user(&mut *retention.store.read().await?, user, None).await? {
        match retention.archive.entries(&manifest.key, &manifest.sha256).await {
            Err(ArchiveError::Missing(_)) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => continue,
        }
        restored.missing += 1;
        let mut tx = begin(&retention.store, None, user).await?;
        trimming::doom(&mut tx, &manifest).await?;
        tx.commit().await?;
        let folder = manifest.key.rsplit_once('/').map_or("", |(folder, _)| folder);
        let beside: Vec<_> = retention.archive.list(folder).try_collect().await?;
        for object in beside {
            restored.adopted += i64::from(adopt(retention, now, user, &object.key).await?);
        }
    }
    Ok(())
}

async fn adopt(retention: &Retention, now: Timestamp, user: UserId, key: &str) -> Result<bool> {
    if objects::is_known(&mut *retention.store.read().await?, user, key).await? {
        return Ok(false);
    }
    let bytes = retention.archive.get(key).await?;
    let entries = object::decode(&bytes).map_err(|why| ArchiveError::Damaged(key.to_owned(), why))?;
    let stored = (bytes.len() as i64, object::hex_sha256(&bytes));
    let mut manifest =
        Manifest::of(key, &entries, stored, now).filter(|manifest| manifest.user_id == user).ok_or(Error::NotFound("object"))?;
    let mut tx = begin(&retention.store, None, user).await?;
    objects::reserve(&mut tx, user, key, manifest.conversation_id, now).await?;
    for entry in &entries {
        if is_there(&mut tx, user, entry).await? {
            holes::insert(&mut tx, user, key, entry.id).await?;
            manifest.count(entry, -1);
        }
    }
    let mut changes = Changes::default();
    manifest.shift(&mut changes, 1);
    moving::list(&mut tx, &manifest).await?;
    changes.write(&mut tx, user).await?;
    tx.commit().await?;
    Ok(true)
}

async fn is_there(tx: &mut crate::server::store::Tx<'_>, user: UserId, entry: &StoredEntry) -> Result<bool> {
    Ok(work_logs::find(tx, user, entry.id).await?.is_some())
}
