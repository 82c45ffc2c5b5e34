//! The work log entry: one row that moves from `working` to a final status.

use super::{Approval, Decision, KeptBy, LogType, Metadata, Status, StorageStatus};
use crate::domain::{
    ids::{ConversationId, EntryId, TurnId, UserId},
    json::{JsonFields, deserialize_by_read},
    time::{DAY_MS, Timestamp},
};
use serde::Serialize;
use serde_json::Value;

/// Longest title, in characters.
pub const ENTRY_TITLE_MAX_CHARS: usize = 200;
/// Longest details, in bytes of UTF-8.
pub const DETAILS_MAX_BYTES: usize = 64 * 1024;
/// Largest metadata, in bytes of compact JSON.
pub const METADATA_MAX_BYTES: usize = 16 * 1024;

/// One step of work, the same in pages, frames and the API.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkLogEntry {
    /// UUID v7; ids sort in order of creation.
    pub id: EntryId,
    /// The owner.
    pub user_id: UserId,
    /// The conversation it belongs to, if any.
    pub conversation_id: Option<ConversationId>,
    /// The entry of which this is a step, if any.
    pub parent_id: Option<EntryId>,
    /// The assistant's turn it belongs to; null for entries written by API clients.
    pub turn_id: Option<TurnId>,
    /// The kind of work.
    pub log_type: LogType,
    /// The current status.
    pub status: Status,
    /// One line, 1 to [`ENTRY_TITLE_MAX_CHARS`] characters.
    pub title: String,
    /// Shown when the entry is expanded, at most [`DETAILS_MAX_BYTES`].
    pub details: Option<String>,
    /// Model, tokens, tool, error and the like.
    pub metadata: Metadata,
    /// Server time of its creation.
    pub timestamp: Timestamp,
    /// Server time of its last change.
    pub updated_at: Timestamp,
    /// Duration of the work in milliseconds; null if not measured.
    pub duration_ms: Option<i64>,
    /// The storage tier.
    pub storage_status: StorageStatus,
    /// When it is deleted permanently; null while it is kept.
    pub expires_at: Option<Timestamp>,
    /// Why it does not expire; null if it expires.
    pub kept_by: Option<KeptBy>,
    /// When it was moved to object storage.
    pub archived_at: Option<Timestamp>,
    /// The owner's revision at which it last changed.
    pub rev: i64,
}

deserialize_by_read!(WorkLogEntry);

impl WorkLogEntry {
    /// Reads an entry from a JSON value.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = JsonFields::of(value)?;
        Some(Self {
            id: fields.parsed("id")?,
            user_id: fields.parsed("userId")?,
            conversation_id: fields.parsed("conversationId"),
            parent_id: fields.parsed("parentId"),
            turn_id: fields.parsed("turnId"),
            log_type: LogType::of(fields.text("logType")?)?,
            status: Status::of(fields.text("status")?)?,
            title: fields.string("title")?,
            details: fields.string("details"),
            metadata: Metadata(
                fields
                    .value("metadata")
                    .and_then(Value::as_object)
                    .cloned()
                    .unwrap_or_default(),
            ),
            timestamp: fields.time("timestamp")?,
            updated_at: fields.time("updatedAt")?,
            duration_ms: fields.number("durationMs"),
            storage_status: StorageStatus::of(fields.text("storageStatus")?)?,
            expires_at: fields.time("expiresAt"),
            kept_by: fields.text("keptBy").and_then(KeptBy::of),
            archived_at: fields.time("archivedAt"),
            rev: fields.number("rev")?,
        })
    }

    /// Updates expiry after its conversation was kept or released, which does not change the entry
    /// itself. An entry kept for another reason (by its owner or a hold) stays as it is; otherwise
    /// it expires after `cold_days`.
    pub fn apply_conversation_kept(&mut self, conversation_kept: bool, cold_days: i64) {
        if matches!(self.kept_by, None | Some(KeptBy::Conversation)) {
            (self.expires_at, self.kept_by) = match conversation_kept {
                true => (None, Some(KeptBy::Conversation)),
                false => (Some(self.timestamp.plus(cold_days * DAY_MS)), None),
            };
        }
    }

    /// Splits the title in three, with the subject in the middle:
    /// `("", "Image", ": a lighthouse")`. The subject is the model's name if the title contains
    /// it, else the part before a colon.
    pub fn subject(&self) -> (&str, &str, &str) {
        let model = self
            .metadata
            .text("modelName")
            .and_then(|name| Some((self.title.find(name)?, name.len())));
        let (start, length) = model
            .or_else(|| Some((0, self.title.find(": ")?)))
            .unwrap_or((0, 0));
        let (before, rest) = self.title.split_at(start);
        let (subject, after) = rest.split_at(length);
        (before, subject, after)
    }

    /// The deadline of the pending approval, if there is one; only entries of a turn have one.
    pub fn waits_until(&self) -> Option<Timestamp> {
        match self
            .metadata
            .approval()
            .filter(|_| self.status == Status::Working && self.turn_id.is_some())
        {
            Some(Approval::Waiting { until }) => Some(until),
            _ => None,
        }
    }

    /// The word beside the status icon: the status, a pending approval, or why the work ended
    /// early.
    pub fn word(&self) -> &'static str {
        match self.status {
            Status::Working if self.waits_until().is_some() => "Waiting for you",
            Status::Warning
                if matches!(
                    self.metadata.approval(),
                    Some(Approval::Decided {
                        decision: Decision::Deny,
                        ..
                    })
                ) =>
            {
                "Denied"
            }
            Status::Warning
                if matches!(self.metadata.approval(), Some(Approval::Lapsed { .. })) =>
            {
                "Unanswered"
            }
            Status::Warning if self.metadata.flag("stopped") => "Stopped",
            Status::Warning if self.metadata.flag("interrupted") => "Interrupted",
            status => status.word(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A test entry: `n` is its id and its offset in seconds.
    pub(crate) fn entry(n: u32, log_type: LogType, status: Status, title: &str) -> WorkLogEntry {
        let at = Timestamp::from_millis(1_795_512_600_000 + i64::from(n) * 1000);
        WorkLogEntry {
            id: EntryId::from_uuid(uuid::Uuid::from_u128(u128::from(n))),
            user_id: UserId::from_uuid(uuid::Uuid::from_u128(1)),
            conversation_id: Some(ConversationId::from_uuid(uuid::Uuid::from_u128(2))),
            parent_id: None,
            turn_id: Some(TurnId::from_uuid(uuid::Uuid::from_u128(3))),
            log_type,
            status,
            title: title.to_owned(),
            details: None,
            metadata: Metadata::default(),
            timestamp: at,
            updated_at: at,
            duration_ms: (status != Status::Working).then_some(900),
            storage_status: StorageStatus::Hot,
            expires_at: None,
            kept_by: None,
            archived_at: None,
            rev: i64::from(n),
        }
    }

    #[test]
    fn the_subject_is_the_model_name_or_the_part_before_a_colon() {
        let mut tried = entry(1, LogType::Info, Status::Warning, "Trying Groq instead");
        tried.metadata = Metadata::default().with("modelName", "Groq");
        assert_eq!(tried.subject(), ("Trying ", "Groq", " instead"));
        assert_eq!(
            entry(2, LogType::ToolCall, Status::Success, "Image: a tree").subject(),
            ("", "Image", ": a tree")
        );
        assert_eq!(
            entry(3, LogType::Info, Status::Info, "Nothing special").subject(),
            ("", "", "Nothing special")
        );
    }

    #[test]
    fn the_json_field_names_are_stable() {
        let json =
            serde_json::to_value(entry(1, LogType::AiResponse, Status::Working, "x")).unwrap();
        for name in [
            "id",
            "userId",
            "conversationId",
            "parentId",
            "logType",
            "status",
            "title",
            "details",
            "metadata",
            "timestamp",
            "updatedAt",
            "durationMs",
            "storageStatus",
            "expiresAt",
            "keptBy",
            "archivedAt",
            "rev",
        ] {
            assert!(json.get(name).is_some(), "{name}");
        }
        assert_eq!(json["logType"], "ai_response");
        assert_eq!(json["storageStatus"], "hot");
    }
}
