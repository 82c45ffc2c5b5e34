//! What a program may write: bodies of create and patch, parsed into values that need no further
//! check.

use super::{
    DETAILS_MAX_BYTES, ENTRY_TITLE_MAX_CHARS, LogType, METADATA_MAX_BYTES, Metadata, Status,
};
use crate::domain::{
    ids::{ConversationId, EntryId},
    nul,
};
use serde_json::{Map, Value};
use std::str::FromStr;

/// Shortest lease a writer may ask for, in seconds.
pub const LEASE_MIN_S: i64 = 1;
/// Longest lease a writer may ask for, in seconds: one day.
pub const LEASE_MAX_S: i64 = 86_400;
/// The lease of a `working` entry whose writer asked for none, in milliseconds: ten minutes.
pub const LEASE_DEFAULT_MS: i64 = 600_000;
/// Longest duration a writer may report, in milliseconds: 366 days.
const DURATION_MAX_MS: i64 = 366 * 86_400_000;

/// One field that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    /// The field's name as the writer spelled it.
    pub field: String,
    /// What it must be.
    pub reason: String,
}

/// A new entry that may be written.
#[derive(Debug, Clone, PartialEq)]
pub struct EntryDraft {
    /// The conversation it stands in, if any.
    pub conversation_id: Option<ConversationId>,
    /// The entry it is a step of, if any.
    pub parent_id: Option<EntryId>,
    /// What kind of work.
    pub log_type: LogType,
    /// How it stands at first.
    pub status: Status,
    /// 1 to [`ENTRY_TITLE_MAX_CHARS`] characters.
    pub title: String,
    /// At most [`DETAILS_MAX_BYTES`].
    pub details: Option<String>,
    /// At most [`METADATA_MAX_BYTES`].
    pub metadata: Metadata,
    /// How long it took, in milliseconds, where it is done already.
    pub duration_ms: Option<i64>,
    /// How long it may stay `working` without a sign of life, in milliseconds.
    pub lease_ms: i64,
}

/// What may change about an entry. `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EntryPatch {
    /// The new status.
    pub status: Option<Status>,
    /// The new title.
    pub title: Option<String>,
    /// The new details; `Some(None)` takes them away.
    pub details: Option<Option<String>>,
    /// Facts to set; a fact set to null is taken away.
    pub metadata: Option<Map<String, Value>>,
    /// The measured duration in milliseconds.
    pub duration_ms: Option<i64>,
    /// Whether it is kept for good.
    pub kept: Option<bool>,
    /// A new lease from now on, in milliseconds.
    pub lease_ms: Option<i64>,
}

impl EntryDraft {
    /// The draft without NUL; see [`nul::clean`].
    pub fn clean(mut self) -> Self {
        nul::in_entry(
            nul::clean,
            &mut self.title,
            &mut self.details,
            &mut self.metadata,
        );
        self
    }

    /// Reads the body of a create request; all problems are reported at once.
    pub fn parse(body: &Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = EntryFields::of(body)?;
        let draft = Self {
            conversation_id: fields.word("conversationId"),
            parent_id: fields.word("parentId"),
            log_type: fields.required_word("logType").unwrap_or(LogType::Info),
            status: fields.required_word("status").unwrap_or(Status::Info),
            title: fields.title().unwrap_or_else(|| fields.missing("title")),
            details: fields.details().flatten(),
            metadata: Metadata(fields.metadata().unwrap_or_default()),
            duration_ms: fields.number("durationMs", 0, DURATION_MAX_MS),
            lease_ms: fields
                .number("leaseSeconds", LEASE_MIN_S, LEASE_MAX_S)
                .map_or(LEASE_DEFAULT_MS, |s| s * 1000),
        };
        fields.finish(draft)
    }
}

impl EntryPatch {
    /// The patch without NUL; see [`nul::clean`].
    pub fn clean(mut self) -> Self {
        self.title.iter_mut().for_each(nul::clean);
        self.details.iter_mut().flatten().for_each(nul::clean);
        if let Some(facts) = &mut self.metadata {
            nul::in_fields(nul::clean, facts);
        }
        self
    }

    /// Reads the body of a patch request; all problems are reported at once.
    pub fn parse(body: &Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = EntryFields::of(body)?;
        let patch = Self {
            status: fields.word("status"),
            title: fields.title(),
            details: fields.details(),
            metadata: fields.metadata(),
            duration_ms: fields.number("durationMs", 0, DURATION_MAX_MS),
            kept: fields.flag("kept"),
            lease_ms: fields
                .number("leaseSeconds", LEASE_MIN_S, LEASE_MAX_S)
                .map(|s| s * 1000),
        };
        fields.finish(patch)
    }

    /// Whether it says whether the entry is kept, and nothing else.
    pub fn only_keeps(&self) -> bool {
        self.kept.is_some()
            && Self {
                kept: None,
                ..self.clone()
            } == Self::default()
    }
}

/// The fields of a JSON object, taken out one by one; what is left over was not known.
struct EntryFields {
    left: Map<String, Value>,
    problems: Vec<FieldError>,
}

impl EntryFields {
    fn of(body: &Value) -> Result<Self, Vec<FieldError>> {
        match body {
            Value::Object(fields) => {
                let mut left = fields.clone();
                nul::in_fields(nul::clean, &mut left);
                Ok(Self {
                    left,
                    problems: Vec::new(),
                })
            }
            _ => Err(vec![FieldError {
                field: "body".into(),
                reason: "must be a JSON object".into(),
            }]),
        }
    }

    fn finish<T>(mut self, value: T) -> Result<T, Vec<FieldError>> {
        for field in std::mem::take(&mut self.left)
            .into_iter()
            .map(|(name, _)| name)
        {
            self.refuse(&field, "is not a field that can be written here");
        }
        if self.problems.is_empty() {
            Ok(value)
        } else {
            Err(self.problems)
        }
    }

    fn refuse(&mut self, field: &str, reason: impl Into<String>) {
        self.problems.push(FieldError {
            field: field.to_owned(),
            reason: reason.into(),
        });
    }

    fn take(&mut self, field: &str) -> Option<Value> {
        self.left.remove(field).filter(|value| !value.is_null())
    }

    fn missing<T: Default>(&mut self, field: &str) -> T {
        if !self.problems.iter().any(|problem| problem.field == field) {
            self.refuse(field, "is required");
        }
        T::default()
    }

    fn text(&mut self, field: &str) -> Option<String> {
        match self.take(field)? {
            Value::String(text) => Some(text),
            _ => {
                self.refuse(field, "must be text");
                None
            }
        }
    }

    fn word<T: FromStr<Err: std::fmt::Display>>(&mut self, field: &str) -> Option<T> {
        match self.text(field)?.parse() {
            Ok(value) => Some(value),
            Err(why) => {
                self.refuse(field, why.to_string());
                None
            }
        }
    }

    fn required_word<T: FromStr<Err: std::fmt::Display>>(&mut self, field: &str) -> Option<T> {
        let word = self.word(field);
        if word.is_none() {
            self.missing::<()>(field);
        }
        word
    }

    fn title(&mut self) -> Option<String> {
        let title = self.text("title")?;
        let chars = title.trim().chars().count();
        if chars == 0 || chars > ENTRY_TITLE_MAX_CHARS {
            self.refuse(
                "title",
                format!("must be 1 to {ENTRY_TITLE_MAX_CHARS} characters, not {chars}"),
            );
        }
        Some(title.trim().to_owned())
    }

    fn details(&mut self) -> Option<Option<String>> {
        if self.left.get("details").is_some_and(Value::is_null) {
            self.left.remove("details");
            return Some(None);
        }
        let details = self.text("details")?;
        if details.len() > DETAILS_MAX_BYTES {
            self.refuse(
                "details",
                format!(
                    "must be at most {DETAILS_MAX_BYTES} bytes, not {}",
                    details.len()
                ),
            );
        }
        Some(Some(details))
    }

    fn metadata(&mut self) -> Option<Map<String, Value>> {
        match self.take("metadata")? {
            Value::Object(facts) => {
                let bytes = Value::Object(facts.clone()).to_string().len();
                if bytes > METADATA_MAX_BYTES {
                    self.refuse(
                        "metadata",
                        format!("must be at most {METADATA_MAX_BYTES} bytes of JSON, not {bytes}"),
                    );
                }
                Some(facts)
            }
            _ => {
                self.refuse("metadata", "must be a JSON object");
                None
            }
        }
    }

    fn number(&mut self, field: &str, least: i64, most: i64) -> Option<i64> {
        let value = self.take(field)?;
        match value.as_i64().or_else(|| whole(value.as_f64()?)) {
            Some(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                self.refuse(
                    field,
                    format!("must be a whole number from {least} to {most}"),
                );
                None
            }
        }
    }

    fn flag(&mut self, field: &str) -> Option<bool> {
        match self.take(field)? {
            Value::Bool(flag) => Some(flag),
            _ => {
                self.refuse(field, "must be true or false");
                None
            }
        }
    }
}

/// JSON knows no integers of its own: 47.0 is 47, and some programs write it so.
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(body: Value) -> Vec<String> {
        EntryDraft::parse(&body)
            .unwrap_err()
            .into_iter()
            .map(|problem| problem.field)
            .collect()
    }

    #[test]
    fn the_least_that_can_be_written() {
        let draft =
            EntryDraft::parse(&json!({"logType": "info", "status": "info", "title": " hello "}))
                .unwrap();
        assert_eq!(
            (draft.title.as_str(), draft.lease_ms),
            ("hello", LEASE_DEFAULT_MS)
        );
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let body = json!({"logType": "dance", "title": "", "details": 1, "metadata": [], "durationMs": -1, "leaseSeconds": 0, "rev": 7});
        assert_eq!(
            refused(body),
            [
                "logType",
                "status",
                "title",
                "details",
                "metadata",
                "durationMs",
                "leaseSeconds",
                "rev"
            ]
        );
        assert_eq!(refused(json!([])), ["body"]);
    }

    #[test]
    fn the_bounds_are_the_contract_s() {
        let with = |field: &str, value: Value| {
            let mut body = json!({"logType": "info", "status": "info", "title": "x"});
            body[field] = value;
            EntryDraft::parse(&body)
        };
        assert!(
            with("title", json!("é".repeat(200))).is_ok()
                && with("title", json!("é".repeat(201))).is_err()
        );
        assert!(
            with("details", json!("x".repeat(65_536))).is_ok()
                && with("details", json!("x".repeat(65_537))).is_err()
        );
        assert!(
            with("metadata", json!({"a": "x".repeat(16_376)})).is_ok()
                && with("metadata", json!({"a": "x".repeat(16_377)})).is_err()
        );
    }

    #[test]
    fn nul_becomes_a_symbol_before_the_bounds_are_checked() {
        let with = |details: String| {
            let body = json!({
                "logType": "info", "status": "info", "title": "a\0",
                "details": details, "metadata": {"n\0": ["v\0"]},
            });
            EntryDraft::parse(&body)
        };
        let fits = DETAILS_MAX_BYTES / 3;
        let draft = with("\0".repeat(fits)).unwrap();
        assert_eq!(
            (draft.title.as_str(), draft.details),
            ("a␀", Some("␀".repeat(fits)))
        );
        assert_eq!(Value::Object(draft.metadata.0), json!({"n␀": ["v␀"]}));
        assert_eq!(with("\0".repeat(fits + 1)).unwrap_err()[0].field, "details");
        let patch = EntryPatch::parse(&json!({"metadata": {"n\0": null}})).unwrap();
        assert_eq!(patch.metadata.map(Value::Object), Some(json!({"n␀": null})));
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_point() {
        let lease = |seconds: Value| {
            EntryPatch::parse(&json!({ "leaseSeconds": seconds }))
                .ok()
                .and_then(|patch| patch.lease_ms)
        };
        assert_eq!(
            (lease(json!(47.0)), lease(json!(47.5)), lease(json!(1e300))),
            (Some(47_000), None, None)
        );
    }

    #[test]
    fn a_patch_tells_null_from_absent() {
        assert_eq!(
            EntryPatch::parse(&json!({})).unwrap(),
            EntryPatch::default()
        );
        assert_eq!(
            EntryPatch::parse(&json!({"details": null}))
                .unwrap()
                .details,
            Some(None)
        );
    }
}
