//! The part of a deletion that is one transaction with that of the rows: what is held is refused,
//! objects stop being read, and the erasure is noted. `retention::erasing` then deletes the objects
//! themselves.

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

/// Refuses while an admin holds the person's entries, or those of the conversation. `becomes` says
/// what is refused.
pub async fn check_not_held(
    tx: &mut Tx<'_>,
    user: UserId,
    conversation: Option<ConversationId>,
    becomes: &str,
) -> Result<()> {
    if holds::in_force(tx, user, conversation, holds::HoldKind::Hold).await? {
        return Err(Error::Conflict(format!(
            "an admin has put this on hold; it can be {becomes} once the hold is released"
        )));
    }
    Ok(())
}

/// Dooms objects that are being written and may hold a row that is now erased; the run that writes
/// them finds their names given up, and begins anew without it.
pub async fn mark_unfinished(
    tx: &mut Tx<'_>,
    user: UserId,
    conversation: Option<ConversationId>,
) -> Result<()> {
    Ok(objects::doom_pending(tx, user, conversation).await?)
}

/// Takes a conversation's objects, or all of a person's, out of reading; part of the caller's
/// transaction, which holds the owner's lock. Returns how many entries lay there.
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

/// Counts an object's entries as deleted and takes it out of reading.
pub async fn mark(tx: &mut Tx<'_>, manifest: &Manifest) -> Result<()> {
    let mut changes = Changes::default();
    manifest.to_deleted(&mut changes);
    changes.write(tx, manifest.user_id).await?;
    Ok(objects::mark_for_delete(tx, manifest.user_id, &manifest.key).await?)
}

/// Notes that something was erased, so that a restored backup does not bring it back.
pub async fn record_erasure(
    tx: &mut Tx<'_>,
    now: Timestamp,
    kind: ErasureKind,
    id: impl Display,
) -> Result<()> {
    Ok(erasures::note(tx, now, kind.as_str(), &subject(id)).await?)
}

/// How the list of erasures names an id.
pub fn subject(id: impl Display) -> String {
    object::hex_sha256(id.to_string().as_bytes())
}
