//! An entry without the properties of its tier: the common part of rows and archived entries.

use crate::{
    domain::{
        KeptBy, LogType, Metadata, Status, StorageStatus, WorkLogEntry,
        ids::{ConversationId, EntryId, TurnId, UserId},
        nul,
        time::Timestamp,
    },
    server::store::entry_size,
};
use serde::{Deserialize, Serialize};

/// An entry as archived, one JSON line each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of `WorkLogEntry`")]
pub struct StoredEntry {
    pub id: EntryId,
    pub user_id: UserId,
    pub conversation_id: Option<ConversationId>,
    pub parent_id: Option<EntryId>,
    pub turn_id: Option<TurnId>,
    pub log_type: LogType,
    pub status: Status,
    pub title: String,
    pub details: Option<String>,
    pub metadata: Metadata,
    pub timestamp: Timestamp,
    pub updated_at: Timestamp,
    pub duration_ms: Option<i64>,
    /// Since when the owner keeps it.
    pub kept_at: Option<Timestamp>,
    pub rev: i64,
}

impl StoredEntry {
    /// Normalises stored text; see [`nul::read`].
    pub fn read(mut self) -> Self {
        nul::map_entry(
            nul::read,
            &mut self.title,
            &mut self.details,
            &mut self.metadata,
        );
        self
    }

    /// The entry as readers see it; `held` is the hold on it, if the owner does not keep the entry
    /// itself.
    pub fn into_entry(
        self,
        storage_status: StorageStatus,
        (expires_at, held): (Option<Timestamp>, Option<KeptBy>),
        archived_at: Option<Timestamp>,
    ) -> WorkLogEntry {
        WorkLogEntry {
            id: self.id,
            user_id: self.user_id,
            conversation_id: self.conversation_id,
            parent_id: self.parent_id,
            turn_id: self.turn_id,
            log_type: self.log_type,
            status: self.status,
            title: self.title,
            details: self.details,
            metadata: self.metadata,
            timestamp: self.timestamp,
            updated_at: self.updated_at,
            duration_ms: self.duration_ms,
            storage_status,
            expires_at,
            kept_by: if self.kept_at.is_some() {
                Some(KeptBy::Entry)
            } else {
                held
            },
            archived_at,
            rev: self.rev,
        }
    }

    /// Size of title, details and metadata, in bytes.
    pub fn size(&self) -> i64 {
        entry_size::entry_size(&self.title, self.details.as_deref(), &self.metadata)
    }
}
