//! Records the user's decision on a pending tool approval. The decision is stored in the entry's
//! row, where the waiting turn finds it in any process; the first decision counts.

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

/// The lease of the entry after the decision, in milliseconds; its turn renews it from then on.
const LEASE_MS: i64 = 20_000;

/// Records a decision on the approval of entry `id`; with [`Decision::Always`] its tool runs
/// without asking from now on. Repeating a decision is allowed. Errors: `NotFound` if the entry has
/// no approval, `Conflict` after another decision or if the approval has expired.
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
        .filter(|entry| conversation.is_none_or(|id| entry.conversation_id == Some(id)));
    let entry = entry.ok_or(Error::NotFound("entry"))?;
    if !is_undecided(now, &entry, decision)? {
        return Ok(entry);
    }
    let decided = store_approval(
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

/// Whether the decision must still be recorded; `false` if the same one was recorded before.
fn is_undecided(now: Timestamp, entry: &WorkLogEntry, decision: Decision) -> Result<bool> {
    let conflict = |reason: String| Err(Error::Conflict(reason));
    match entry
        .metadata
        .approval()
        .ok_or(Error::NotFound("approval"))?
    {
        Approval::Decided {
            decision: recorded, ..
        } if recorded == decision => Ok(false),
        Approval::Decided {
            decision: recorded, ..
        } => conflict(format!("the approval was already decided: {recorded}")),
        Approval::Waiting { .. } if entry.status != Status::Working => {
            conflict("the entry is already settled".to_owned())
        }
        Approval::Waiting { until } if now < until => Ok(true),
        Approval::Waiting { .. } | Approval::Lapsed { .. } => {
            conflict("the approval has expired".to_owned())
        }
    }
}

/// Expires the approval of entry `id` unless it was decided. Returns its state afterwards; `None`
/// if the entry is deleted or settled.
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
    store_approval(&mut tx, now, &entry, lapsed).await?;
    tx.commit().await?;
    Ok(Some(lapsed))
}

async fn store_approval(
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
