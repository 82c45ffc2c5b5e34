//! Tool approvals: the question, and the user's decision on it. Whether a tool runs is decided by
//! the approval's own row, where the waiting turn finds it in any process; the first decision
//! counts. Each change of it is copied into the entry's metadata in the same transaction, so that
//! readers of the entry (stream, page, export, archive) see it as any other change of the row.

use super::create::{Origin, insert_entry};
use crate::{
    domain::{
        Approval, Decision, EntryDraft, Status, WorkLogEntry,
        ids::{ConversationId, EntryId, UserId},
        time::Timestamp,
    },
    server::{
        base::error::{Error, Result},
        store::{
            Store, Tx,
            approvals::{self, BoundCall, ToolApproval},
            tool_grants,
            turns::TurnRef,
            work_logs,
        },
    },
};
use serde_json::json;

/// The lease of the entry after the decision, in milliseconds; its turn renews it from then on.
const LEASE_MS: i64 = 20_000;

/// Creates the `working` entry of a tool call that needs permission, with its approval: waiting
/// until `until`, or decided before. `draft` has the arguments as details.
pub async fn request_approval(
    store: &Store,
    now: Timestamp,
    turn: TurnRef,
    draft: EntryDraft,
    call: BoundCall,
    (until, state): (Timestamp, Approval),
) -> Result<WorkLogEntry> {
    let draft = EntryDraft {
        status: Status::Working,
        conversation_id: Some(turn.conversation_id),
        metadata: draft.metadata.with("approval", json!(state)),
        ..draft
    };
    let origin = Origin {
        turn_id: Some(turn.id),
        idempotency: None,
    };
    let mut tx = store.begin().await?;
    tx.lock(turn.user_id).await?;
    let entry = insert_entry(&mut tx, now, turn.user_id, draft, origin).await?;
    let approval = ToolApproval {
        turn,
        entry_id: entry.id,
        call,
        title: entry.title.clone(),
        shown: entry.details.clone().unwrap_or_default(),
        until,
        state,
    };
    approvals::insert(&mut tx, now, &approval).await?;
    tx.commit().await?;
    Ok(entry)
}

/// Records a decision on the approval of entry `id`; with [`Decision::Always`] its tool runs
/// without asking from now on, as long as its definition is the same. Repeating a decision is
/// allowed. Errors: `NotFound` if the entry has no approval, `Conflict` after another decision, if
/// the approval has expired, or if the entry does not show what would run.
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
    let approval = approvals::find(&mut tx, user, id).await?;
    let state = approval
        .as_ref()
        .map(|approval| approval.state)
        .or_else(|| old_state(&entry))
        .ok_or(Error::NotFound("approval"))?;
    let Some(approval) = approval.filter(|_| matches!(state, Approval::Waiting { .. })) else {
        check_repeated(state, decision)?;
        return Ok(entry);
    };
    check_waiting(now, &entry, &approval, decision)?;
    let decided = Approval::Decided {
        decision,
        by: user,
        at: now,
    };
    let entry = settle(&mut tx, now, &entry, &approval, decided).await?;
    if decision == Decision::Always {
        tool_grants::insert(&mut tx, now, user, &approval.call.tool).await?;
    }
    tx.commit().await?;
    Ok(entry)
}

/// The state that an entry from before approvals had rows shows; none of those waits any more.
fn old_state(entry: &WorkLogEntry) -> Option<Approval> {
    match entry.metadata.approval()? {
        Approval::Waiting { until } => Some(Approval::Lapsed { at: until }),
        settled => Some(settled),
    }
}

/// Whether the same was decided before.
fn check_repeated(state: Approval, decision: Decision) -> Result<()> {
    match state {
        Approval::Decided {
            decision: recorded, ..
        } if recorded == decision => Ok(()),
        Approval::Decided {
            decision: recorded, ..
        } => Err(Error::Conflict(format!(
            "the approval was already decided: {recorded}"
        ))),
        Approval::Waiting { .. } | Approval::Lapsed { .. } => expired(),
    }
}

/// Whether an approval that waits can be decided.
fn check_waiting(
    now: Timestamp,
    entry: &WorkLogEntry,
    approval: &ToolApproval,
    decision: Decision,
) -> Result<()> {
    if entry.status != Status::Working {
        return Err(Error::Conflict("the entry is already settled".to_owned()));
    }
    if now >= approval.until {
        return expired();
    }
    let shows_it = entry.title == approval.title
        && entry.details.as_deref().unwrap_or_default() == approval.shown;
    if decision.allows() && !shows_it {
        return Err(Error::Conflict(
            "the entry does not show what would run; it can only be denied".to_owned(),
        ));
    }
    Ok(())
}

fn expired() -> Result<()> {
    Err(Error::Conflict("the approval has expired".to_owned()))
}

/// Expires the approval of entry `id` unless it was decided. Returns it as it is afterwards; `None`
/// if the entry is deleted or settled.
pub async fn expire_approval(
    store: &Store,
    now: Timestamp,
    user: UserId,
    id: EntryId,
) -> Result<Option<ToolApproval>> {
    let mut tx = store.begin().await?;
    tx.lock(user).await?;
    let entry = work_logs::find(&mut tx, user, id).await?;
    let Some(entry) = entry.filter(|entry| entry.status == Status::Working) else {
        return Ok(None);
    };
    let approval = approvals::find(&mut tx, user, id).await?;
    let Some(waiting) = approval
        .as_ref()
        .filter(|approval| matches!(approval.state, Approval::Waiting { .. }))
    else {
        return Ok(approval);
    };
    let state = Approval::Lapsed { at: now };
    settle(&mut tx, now, &entry, waiting, state).await?;
    tx.commit().await?;
    Ok(approval.map(|approval| ToolApproval { state, ..approval }))
}

/// Ends the waiting, in the approval's row and in what its entry shows.
async fn settle(
    tx: &mut Tx<'_>,
    now: Timestamp,
    before: &WorkLogEntry,
    approval: &ToolApproval,
    state: Approval,
) -> Result<WorkLogEntry> {
    approvals::settle(tx, now, approval, state).await?;
    let mut entry = before.clone();
    entry.metadata = entry.metadata.with("approval", json!(state));
    entry.updated_at = now;
    work_logs::update(tx, before, &mut entry, Some(now.plus(LEASE_MS).millis())).await?;
    Ok(entry)
}
