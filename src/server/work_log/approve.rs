//! The word of a person on work that waits for it. The entry's row is where it stands, so whoever
//! waits, in this process or in another one, finds it there; the first word counts.

use crate::{
    domain::{
        Approval, Decision, Status, WorkLogEntry,
        ids::{ConversationId, EntryId, UserId},
        time::Timestamp,
    },
    server::{
        base::error::{Error, Result},
        store::{Store, Tx, tool_grants, work_logs},
    },
};
use serde_json::json;

/// The lease that the entry is left with, in milliseconds; its turn renews it from then on.
const LEASE_MS: i64 = 20_000;

/// Says whether the work of entry `id` may go on; with [`Decision::Always`] its tool is not asked
/// for again. Saying the same twice is fine. Errors: `NotFound` when nothing was asked there,
/// `Conflict` when something else was said before or nobody waits any more.
pub async fn decide(
    store: &Store,
    now: Timestamp,
    user: UserId,
    conversation: Option<ConversationId>,
    id: EntryId,
    decision: Decision,
) -> Result<WorkLogEntry> {
    let mut tx = store.begin().await?;
    tx.lock(user).await?;
    let entry = work_logs::find(&mut tx, user, id)
        .await?
        .filter(|entry| conversation.is_none_or(|here| entry.conversation_id == Some(here)));
    let entry = entry.ok_or(Error::NotFound("entry"))?;
    if !is_open(now, &entry, decision)? {
        return Ok(entry);
    }
    let decided = note(
        &mut tx,
        now,
        &entry,
        Approval::Decided {
            decision,
            by: user,
            at: now,
        },
    )
    .await?;
    if let Some(tool) = entry
        .metadata
        .text("tool")
        .filter(|_| decision == Decision::Always)
    {
        tool_grants::insert(&mut tx, now, user, tool).await?;
    }
    tx.commit().await?;
    Ok(decided)
}

/// Whether the word is still to be said; `false` when the same was said before.
fn is_open(now: Timestamp, entry: &WorkLogEntry, decision: Decision) -> Result<bool> {
    let late = |why: &str| Err(Error::Conflict(format!("it is too late: {why}")));
    match entry
        .metadata
        .approval()
        .ok_or(Error::NotFound("approval"))?
    {
        Approval::Decided { decision: said, .. } if said == decision => Ok(false),
        Approval::Decided { decision: said, .. } => {
            Err(Error::Conflict(format!("it was decided already: {said}")))
        }
        Approval::Waiting { .. } if entry.status != Status::Working => late("the work was ended"),
        Approval::Waiting { until } if now < until => Ok(true),
        Approval::Waiting { .. } | Approval::Lapsed { .. } => late("nobody answered in time"),
    }
}

/// Ends the waiting of entry `id` without a word, unless one came first. Returns how the asking
/// stands then; `None` when the entry is gone or was settled.
pub async fn expire_approval(
    store: &Store,
    now: Timestamp,
    user: UserId,
    id: EntryId,
) -> Result<Option<Approval>> {
    let mut tx = store.begin().await?;
    tx.lock(user).await?;
    let Some(entry) = work_logs::find(&mut tx, user, id)
        .await?
        .filter(|entry| entry.status == Status::Working)
    else {
        return Ok(None);
    };
    if entry.waits_until().is_none() {
        return Ok(entry.metadata.approval());
    }
    let lapsed = Approval::Lapsed { at: now };
    note(&mut tx, now, &entry, lapsed).await?;
    tx.commit().await?;
    Ok(Some(lapsed))
}

async fn note(
    tx: &mut Tx<'_>,
    now: Timestamp,
    before: &WorkLogEntry,
    approval: Approval,
) -> Result<WorkLogEntry> {
    let mut entry = before.clone();
    entry.metadata = entry.metadata.with("approval", json!(approval));
    entry.updated_at = now;
    work_logs::update(tx, before, &mut entry, Some(now.plus(LEASE_MS).millis())).await?;
    Ok(entry)
}
