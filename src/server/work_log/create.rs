//! Creates entries.

use crate::{
    domain::{
        self, EntryDraft, LEASE_DEFAULT_MS, LogType, Metadata, Status, StorageStatus, WorkLogEntry,
        ids::{ConversationId, EntryId, TurnId, UserId},
        time::Timestamp,
    },
    server::{
        base::{
            digest::sha256_hex,
            error::{Error, Result},
            masking::{mask, mask_entry},
            new_id,
        },
        store::{Store, Tx, conversations, retention::objects, work_logs},
    },
};

/// Where an entry comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The assistant's turn it belongs to.
    pub turn_id: Option<TurnId>,
    /// The idempotency key of the request and the hash of its body.
    pub idempotency: Option<(String, String)>,
}

/// Creates an entry; repeated with the same idempotency key it returns the entry created first.
/// Secrets are masked before anything is stored. Errors: `NotFound` for a conversation or parent of
/// another user, `Conflict` for an idempotency key that was used with another body.
pub async fn create_work_log(
    store: &Store,
    now: Timestamp,
    user: UserId,
    draft: EntryDraft,
    mut origin: Origin,
) -> Result<WorkLogEntry> {
    let mut tx = store.begin().await?;
    tx.lock(user).await?;
    origin.idempotency = origin.idempotency.map(without_secret);
    if let Some((key, hash)) = &origin.idempotency
        && let Some((id, first_hash)) = work_logs::by_idempotency_key(&mut tx, user, key).await?
    {
        if *hash != first_hash {
            return Err(Error::Conflict(
                "this Idempotency-Key was used for another entry; use a new one".into(),
            ));
        }
        return work_logs::find(&mut tx, user, id)
            .await?
            .ok_or(Error::NotFound("entry"));
    }
    let entry = insert_entry(&mut tx, now, user, draft, origin).await?;
    tx.commit().await?;
    Ok(entry)
}

/// Adds an entry in the caller's transaction, in which the owner is locked. Errors: `NotFound` for
/// a conversation or parent of another user.
pub(super) async fn insert_entry(
    tx: &mut Tx<'_>,
    now: Timestamp,
    user: UserId,
    draft: EntryDraft,
    origin: Origin,
) -> Result<WorkLogEntry> {
    check_references(tx, user, draft.conversation_id, draft.parent_id).await?;
    let lease_until = (draft.status == Status::Working).then(|| now.plus(draft.lease_ms).millis());
    let mut entry = new_entry(now, user, draft.clean(), origin.turn_id);
    mask_entry(&mut entry);
    let extras = work_logs::RowExtras {
        lease_until,
        idempotency: origin.idempotency,
    };
    work_logs::insert(tx, &mut entry, &extras).await?;
    Ok(entry)
}

/// An idempotency key that contains a secret is stored as its hash: masked, two keys may be equal.
fn without_secret((key, hash): (String, String)) -> (String, String) {
    if mask(&key).1 == 0 {
        return (key, hash);
    }
    (sha256_hex(&key), hash)
}

async fn check_references(
    tx: &mut Tx<'_>,
    user: UserId,
    conversation: Option<ConversationId>,
    parent: Option<EntryId>,
) -> Result<()> {
    if let Some(id) = conversation {
        conversations::find(tx, user, id)
            .await?
            .ok_or(Error::NotFound("conversation"))?;
    }
    if let Some(id) = parent {
        // An archived parent is not fetched to check this: an object whose range covers its id is
        // enough.
        if work_logs::find(tx, user, id).await?.is_none() && !objects::covers(tx, user, id).await? {
            return Err(Error::NotFound("parent entry"));
        }
    }
    Ok(())
}

fn new_entry(
    now: Timestamp,
    user: UserId,
    draft: EntryDraft,
    turn_id: Option<TurnId>,
) -> WorkLogEntry {
    WorkLogEntry {
        id: new_id::entry(now),
        user_id: user,
        conversation_id: draft.conversation_id,
        parent_id: draft.parent_id,
        turn_id,
        log_type: draft.log_type,
        status: draft.status,
        title: draft.title,
        details: draft.details,
        metadata: draft.metadata,
        timestamp: now,
        updated_at: now,
        duration_ms: draft.duration_ms,
        storage_status: StorageStatus::Hot,
        expires_at: None,
        kept_by: None,
        archived_at: None,
        rev: 0,
    }
}

/// Creates an entry with the status `working`.
pub async fn log_working(
    store: &Store,
    now: Timestamp,
    user: UserId,
    draft: EntryDraft,
    origin: Origin,
) -> Result<WorkLogEntry> {
    let draft = EntryDraft {
        status: Status::Working,
        ..draft
    };
    create_work_log(store, now, user, draft, origin).await
}

/// Creates an entry with the status `success`.
pub async fn log_success(
    store: &Store,
    now: Timestamp,
    user: UserId,
    draft: EntryDraft,
    origin: Origin,
) -> Result<WorkLogEntry> {
    let draft = EntryDraft {
        status: Status::Success,
        ..draft
    };
    create_work_log(store, now, user, draft, origin).await
}

/// Creates an entry with the status `error`.
pub async fn log_error(
    store: &Store,
    now: Timestamp,
    user: UserId,
    draft: EntryDraft,
    origin: Origin,
) -> Result<WorkLogEntry> {
    let draft = EntryDraft {
        status: Status::Error,
        ..draft
    };
    create_work_log(store, now, user, draft, origin).await
}

/// Creates an entry of the type `info`.
pub async fn log_info(
    store: &Store,
    now: Timestamp,
    user: UserId,
    draft: EntryDraft,
    origin: Origin,
) -> Result<WorkLogEntry> {
    let draft = EntryDraft {
        log_type: LogType::Info,
        ..draft
    };
    create_work_log(store, now, user, draft, origin).await
}

impl EntryDraft {
    /// A draft for the assistant's own entries: text over the limits is cut, with a note.
    pub fn clipped(
        log_type: LogType,
        title: &str,
        details: Option<String>,
        metadata: Metadata,
    ) -> Self {
        Self {
            conversation_id: None,
            parent_id: None,
            log_type,
            status: Status::Info,
            title: domain::clip_title(title),
            details: details.map(domain::clip_details),
            metadata: domain::clip_metadata(metadata),
            duration_ms: None,
            lease_ms: LEASE_DEFAULT_MS,
        }
    }
}
