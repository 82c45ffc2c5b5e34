//! The part of a deletion in the transaction of the rows: held entries are refused, objects are
//! removed from reads, and the erasure is recorded. `archive::erase` then deletes the objects.

use super::object;
use crate::{
    domain::{
        ids::{ConversationId, UserId},
        time::Timestamp,
    },
    server::{
        base::error::{Error, Result},
        store::{
            Tx, holds,
            retention::{
                erasures::{self, ErasureKind},
                manifest::Manifest,
                objects,
            },
            stats::Changes,
        },
    },
};
use std::fmt::Display;

/// Fails while an admin's hold covers the user's entries, or those of the conversation. `action`
/// completes the error message, such as "deleted".
pub async fn check_not_held(
    tx: &mut Tx<'_>,
    user: UserId,
    conversation: Option<ConversationId>,
    action: &str,
) -> Result<()> {
    if holds::in_force(tx, user, conversation, holds::HoldKind::Hold).await? {
        return Err(Error::Conflict(format!(
            "an admin has put this on hold; it can be {action} once the hold is released"
        )));
    }
    Ok(())
}

/// Marks objects being written, which may contain a row that is now erased. The run that writes
/// them fails to activate them and starts again without the row.
pub async fn mark_unfinished(
    tx: &mut Tx<'_>,
    user: UserId,
    conversation: Option<ConversationId>,
) -> Result<()> {
    Ok(objects::mark_pending(tx, user, conversation).await?)
}

/// Removes a conversation's objects, or all of a user's, from reads, in the caller's transaction,
/// which holds the owner's lock. Returns the number of their entries.
pub async fn mark_objects(
    tx: &mut Tx<'_>,
    user: UserId,
    conversation: Option<ConversationId>,
) -> Result<i64> {
    let mut entries = 0;
    for manifest in objects::of_user(tx, user, conversation).await? {
        entries += manifest.entries();
        mark(tx, &manifest).await?;
    }
    mark_unfinished(tx, user, conversation).await?;
    Ok(entries)
}

/// Counts an object's entries as deleted and removes it from reads.
pub async fn mark(tx: &mut Tx<'_>, manifest: &Manifest) -> Result<()> {
    let mut changes = Changes::default();
    manifest.count_all_deleted(&mut changes);
    changes.write(tx, manifest.user_id).await?;
    Ok(objects::mark_for_delete(tx, manifest.user_id, &manifest.key).await?)
}

/// Records an erasure, so that restoring a backup does not undo it.
pub async fn record_erasure(
    tx: &mut Tx<'_>,
    now: Timestamp,
    kind: ErasureKind,
    id: impl Display,
) -> Result<()> {
    Ok(erasures::record(tx, now, kind.as_str(), &subject(id)).await?)
}

/// The form of an id in the erasure log.
pub fn subject(id: impl Display) -> String {
    object::hex_sha256(id.to_string().as_bytes())
}
