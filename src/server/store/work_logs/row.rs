//! Conversion between rows and entries.

use super::StoredEntry;
use crate::{
    domain::{KeptBy, Metadata, StorageStatus, WorkLogEntry, time::Timestamp},
    server::{
        base::error::StoreError,
        store::{
            Result, entry_size, from_json,
            holds::{held, held_by},
            packing::{self, LongFields},
            parse_column, parse_optional,
        },
    },
};

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
    packed: Option<Vec<u8>>,
    duration_ms: Option<i64>,
    storage_status: String,
    created_at: i64,
    updated_at: i64,
    kept_at: Option<i64>,
    expires_at: Option<i64>,
    held_by: Option<String>,
    rev: i64,
}

/// SQL: when the entry is deleted. Computed from the current policy, so that a change of the policy
/// applies to existing entries.
macro_rules! expires_at {
    () => {
        concat!(
            "case when kept_at is not null or ",
            held!("work_logs"),
            " then null else created_at + (select cold_days from retention_policy) * 86400000 end"
        )
    };
}

pub(in crate::server::store) const HELD: &str = held!("work_logs");
/// The columns computed from holds and policy, as `insert` and `update` return them.
pub(in crate::server::store) const EXPIRY_COLUMNS: &str = concat!(
    expires_at!(),
    " as expires_at, ",
    held_by!("work_logs"),
    " as held_by"
);
pub(in crate::server::store) const COLUMNS: &str = concat!(
    "user_id, id, conversation_id, parent_id, turn_id, log_type, status, title, details, \
     metadata, packed, duration_ms, storage_status, created_at, updated_at, kept_at, ",
    expires_at!(),
    " as expires_at, ",
    held_by!("work_logs"),
    " as held_by, rev"
);

impl EntryRow {
    pub(in crate::server::store) fn read(self) -> Result<WorkLogEntry> {
        let tier = parse_column::<StorageStatus>("storage_status", &self.storage_status)?;
        let expiry = (
            self.expires_at.map(Timestamp::from_millis),
            self.held_by.as_deref().map(kept_by),
        );
        Ok(self.stored()?.into_entry(tier, expiry, None))
    }

    /// The tier and, for a packed row, the size of the packed fields in bytes.
    pub(in crate::server::store) fn tier(&self) -> Result<(StorageStatus, Option<usize>)> {
        Ok((
            parse_column("storage_status", &self.storage_status)?,
            self.packed.as_ref().map(Vec::len),
        ))
    }

    pub(in crate::server::store) fn stored(self) -> Result<StoredEntry> {
        let (details, metadata) =
            unpack_fields(self.details, &self.metadata, self.packed.as_deref())?;
        Ok(StoredEntry {
            id: parse_column("id", &self.id)?,
            user_id: parse_column("user_id", &self.user_id)?,
            conversation_id: parse_optional("conversation_id", self.conversation_id.as_deref())?,
            parent_id: parse_optional("parent_id", self.parent_id.as_deref())?,
            turn_id: parse_optional("turn_id", self.turn_id.as_deref())?,
            log_type: parse_column("log_type", &self.log_type)?,
            status: parse_column("status", &self.status)?,
            title: self.title,
            details,
            metadata,
            timestamp: Timestamp::from_millis(self.created_at),
            updated_at: Timestamp::from_millis(self.updated_at),
            duration_ms: self.duration_ms,
            kept_at: self.kept_at.map(Timestamp::from_millis),
            rev: self.rev,
        }
        .read())
    }
}

/// The reason for a stored kind of hold.
pub(in crate::server::store) fn kept_by(kind: &str) -> KeptBy {
    if kind == "hold" {
        KeptBy::Hold
    } else {
        KeptBy::Conversation
    }
}

fn unpack_fields(
    details: Option<String>,
    metadata: &str,
    packed: Option<&[u8]>,
) -> Result<(Option<String>, Metadata)> {
    let Some(packed) = packed else {
        return Ok((details, from_json("metadata", metadata)?));
    };
    let unpacked = packing::unpack(packed).map_err(|why| StoreError::Corrupt {
        what: "packed",
        why: why.to_string(),
    })?;
    Ok((unpacked.details, from_json("metadata", &unpacked.metadata)?))
}

/// The packed fields of an entry.
pub(in crate::server::store) fn long_fields(entry: &StoredEntry) -> LongFields {
    LongFields {
        details: entry.details.clone(),
        metadata: entry_size::metadata_json(&entry.metadata),
    }
}
