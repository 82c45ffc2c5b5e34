//! The row and the entry that it stands for.

use super::super::{Result, from_json, parsed, parsed_option, storable};
use crate::{
    timestamp::{DAY_MS, Timestamp},
    work_log::{StorageStatus, WorkLogEntry},
};

/// Age at which an entry that nobody keeps is deleted.
const COLD_DAYS: i64 = 90;

#[derive(sqlx::FromRow)]
pub(in crate::server::store) struct EntryRow {
    user_id: String,
    id: String,
    conversation_id: Option<String>,
    parent_id: Option<String>,
    turn_id: Option<String>,
    log_type: String,
    status: String,
    title: String,
    details: Option<String>,
    metadata: String,
    duration_ms: Option<i64>,
    storage_status: String,
    created_at: i64,
    updated_at: i64,
    kept_at: Option<i64>,
    archived_at: Option<i64>,
    rev: i64,
}

pub(in crate::server::store) const COLUMNS: &str = "user_id, id, conversation_id, parent_id, turn_id, log_type, status, title, details, metadata, \
    duration_ms, storage_status, created_at, updated_at, kept_at, archived_at, rev";

impl EntryRow {
    pub(in crate::server::store) fn read(self) -> Result<WorkLogEntry> {
        let timestamp = Timestamp::from_millis(self.created_at);
        Ok(WorkLogEntry {
            id: parsed("id", &self.id)?,
            user_id: parsed("user_id", &self.user_id)?,
            conversation_id: parsed_option("conversation_id", self.conversation_id.as_deref())?,
            parent_id: parsed_option("parent_id", self.parent_id.as_deref())?,
            turn_id: parsed_option("turn_id", self.turn_id.as_deref())?,
            log_type: parsed("log_type", &self.log_type)?,
            status: parsed("status", &self.status)?,
            title: self.title,
            details: self.details,
            metadata: from_json("metadata", &self.metadata)?,
            timestamp,
            updated_at: Timestamp::from_millis(self.updated_at),
            duration_ms: self.duration_ms,
            storage_status: parsed::<StorageStatus>("storage_status", &self.storage_status)?,
            expires_at: self.kept_at.is_none().then(|| expiry(timestamp)),
            archived_at: self.archived_at.map(Timestamp::from_millis),
            rev: self.rev,
        })
    }
}

/// When an entry made at `timestamp` is deleted for good, unless it is kept.
pub(in crate::server) const fn expiry(timestamp: Timestamp) -> Timestamp {
    timestamp.plus(COLD_DAYS * DAY_MS)
}

/// Since when the entry is kept, as its row says it; an entry without an end is kept since its last change.
pub(super) fn kept_at(entry: &WorkLogEntry) -> Option<i64> {
    entry.expires_at.is_none().then(|| entry.updated_at.millis())
}

/// Makes the entry's texts such that both databases hold them. In JSON a NUL is escaped and needs nothing.
pub(super) fn make_storable(entry: &mut WorkLogEntry) {
    storable(&mut entry.title);
    entry.details.iter_mut().for_each(storable);
}

pub(super) fn metadata_json(entry: &WorkLogEntry) -> String {
    serde_json::to_string(&entry.metadata).expect("a JSON object can be written")
}
