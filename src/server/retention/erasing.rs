//! Deleting on somebody's word, from every tier at once. Rows go and objects stop being read in one transaction; the objects
//! themselves are rewritten or deleted right after it, and by the next run where the archive does not answer.

use super::{Retention, changing, expiring, object, reading, trimming};
use crate::{
    chat::{Receipt, RemovedKind},
    ids::{ConversationId, EntryId, UserId},
    server::{
        error::{Error, Result},
        store::{
            Tx, removed,
            retention::{due, erasures, holds, objects},
            stats::{self, Changes},
            users,
        },
        work_log::delete_work_log,
    },
    timestamp::Timestamp,
};

/// Objects looked at after an erasure.
const OBJECTS: i64 = 10_000;

/// Refuses while an admin holds the person's entries, or those of the conversation.
pub async fn check_not_held(tx: &mut Tx<'_>, user: UserId, conversation: Option<ConversationId>) -> Result<()> {
    if holds::in_force(tx, user, conversation, holds::Kind::Hold).await? {
        return Err(Error::Conflict("an admin has put this on hold; it can be deleted once the hold is released".into()));
    }
    Ok(())
}

/// Deletes an entry, wherever it is kept.
pub async fn erase_entry(retention: &Retention, now: Timestamp, user: UserId, id: EntryId) -> Result<Receipt> {
    match delete_work_log(&retention.store, now, user, id).await {
        Ok(()) => return Ok(Receipt { rows: 1, ..Receipt::default() }),
        Err(Error::NotFound("entry")) => {}
        Err(error) => return Err(error),
    }
    let found =
        reading::steadily(
            &retention.store,
            |mut reader| async move { reading::find_archived(&mut reader, &retention.archive, user, id).await },
        );
    let (shelf, entry) = found.await?.ok_or(Error::NotFound("entry"))?;
    let mut tx = super::begin(&retention.store, None, user).await?;
    check_not_held(&mut tx, user, entry.conversation_id).await?;
    let mut changes = Changes::default();
    if !changing::take_out(&mut tx, user, &shelf.key, &entry, &mut changes, true).await? {
        return Err(Error::NotFound("entry"));
    }
    changes.write(&mut tx, user).await?;
    removed::note(&mut tx, now, user, RemovedKind::Entry, id.uuid()).await?;
    note(&mut tx, now, "entry", &id.to_string()).await?;
    tx.commit().await?;
    let (objects, objects_pending) = purge(retention, now, user).await?;
    Ok(Receipt { archived: 1, objects, objects_pending, ..Receipt::default() })
}

/// Takes a conversation's objects, or all of a person's, out of reading; part of the caller's transaction, which holds the
/// owner's lock. Returns how many entries lay there.
pub async fn doom_objects(tx: &mut Tx<'_>, user: UserId, conversation: Option<ConversationId>) -> Result<i64> {
    let mut entries = 0;
    for manifest in objects::of_user(tx, user, conversation).await? {
        entries += manifest.entries();
        trimming::doom(tx, &manifest).await?;
    }
    objects::doom_pending(tx, user, conversation).await?;
    Ok(entries)
}

/// Notes that something was erased, so that a restored backup does not bring it back.
pub async fn note(tx: &mut Tx<'_>, now: Timestamp, kind: &str, id: &str) -> Result<()> {
    Ok(erasures::note(tx, now, kind, &object::hex_sha256(id.as_bytes())).await?)
}

/// Deletes an account with everything in it, from every tier. The figures stay, without anything that could be read. Sessions and
/// keys end at once; files on the disk are the caller's.
pub async fn erase_account(retention: &Retention, now: Timestamp, user: UserId) -> Result<Receipt> {
    let mut tx = super::begin(&retention.store, None, user).await?;
    if holds::any_of(&mut tx, user).await? {
        return Err(Error::Conflict("an admin has put this account or a conversation in it on hold".into()));
    }
    let [conversations, messages, rows, files] = users::belongings(&mut tx, user).await?;
    let archived = doom_objects(&mut tx, user, None).await?;
    stats::all_to_deleted(&mut tx, user).await?;
    users::delete(&mut tx, user).await?;
    note(&mut tx, now, "account", &user.to_string()).await?;
    tx.commit().await?;
    retention.store.wakeups().access(user);
    let (objects, objects_pending) = purge(retention, now, user).await?;
    retention.store.shrink().await?;
    Ok(Receipt { conversations, messages, rows, archived, files, objects, objects_pending })
}

/// Deletes and rewrites a person's objects that hold what is erased. Returns how many were, and how many could not be reached.
pub async fn purge(retention: &Retention, now: Timestamp, user: UserId) -> Result<(i64, i64)> {
    let (mut done, mut pending) = (0, 0);
    let holed = due::objects_with_holes(&mut *retention.store.read().await?, Some(user), OBJECTS).await?;
    for manifest in &holed {
        match trimming::trim(retention, None, manifest, None, now).await {
            Ok(_) => done += 1,
            Err(error) => tracing::warn!(key = manifest.key, %error, "an object could not be rewritten yet; the next run does it"),
        }
    }
    pending += holed.len() as i64 - done;
    for (user, key) in objects::doomed(&mut *retention.store.read().await?, Some(user), OBJECTS).await? {
        match expiring::remove(retention, None, user, &key).await {
            Ok(()) => done += 1,
            Err(error) => {
                tracing::warn!(key, %error, "an object could not be deleted yet; the next run does it");
                pending += 1;
            }
        }
    }
    if let Err(error) = super::restoring::mirror(retention, now).await {
        tracing::warn!(%error, "the list of erasures could not be written yet; the next run does it");
    }
    Ok((done, pending))
}
