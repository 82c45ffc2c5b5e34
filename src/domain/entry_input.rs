//! Input of API clients: parses the bodies of create and patch requests into valid values.

use super::{
    DETAILS_MAX_BYTES, ENTRY_TITLE_MAX_CHARS, FieldError, LogType, METADATA_MAX_BYTES, Metadata,
    Status, reserved::reserved_names,
};
use crate::domain::{
    ids::{ConversationId, EntryId},
    nul,
};
use serde_json::{Map, Value};
use std::str::FromStr;

/// Minimum lease in seconds.
pub const LEASE_MIN_S: i64 = 1;
/// Maximum lease in seconds: one day.
pub const LEASE_MAX_S: i64 = 86_400;
/// Default lease of a `working` entry in milliseconds: ten minutes.
pub const LEASE_DEFAULT_MS: i64 = 600_000;
/// Maximum duration in milliseconds: 366 days.
const DURATION_MAX_MS: i64 = 366 * 86_400_000;

/// A valid new entry.
#[derive(Debug, Clone, PartialEq)]
pub struct EntryDraft {
    /// The conversation it belongs to, if any.
    pub conversation_id: Option<ConversationId>,
    /// The entry of which it is a step, if any.
    pub parent_id: Option<EntryId>,
    /// The kind of work.
    pub log_type: LogType,
    /// The initial status.
    pub status: Status,
    /// 1 to [`ENTRY_TITLE_MAX_CHARS`] characters.
    pub title: String,
    /// At most [`DETAILS_MAX_BYTES`].
    pub details: Option<String>,
    /// At most [`METADATA_MAX_BYTES`].
    pub metadata: Metadata,
    /// Duration in milliseconds, if the work is done.
    pub duration_ms: Option<i64>,
    /// How long it may stay `working` without an update, in milliseconds.
    pub lease_ms: i64,
}

/// Changes to an entry. `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EntryPatch {
    /// The new status.
    pub status: Option<Status>,
    /// The new title.
    pub title: Option<String>,
    /// The new details; `Some(None)` removes them.
    pub details: Option<Option<String>>,
    /// Metadata fields to set; a null value removes the field.
    pub metadata: Option<Map<String, Value>>,
    /// The duration in milliseconds.
    pub duration_ms: Option<i64>,
    /// Whether it is kept permanently.
    pub kept: Option<bool>,
    /// A new lease from now, in milliseconds.
    pub lease_ms: Option<i64>,
    /// Whether it was sent to Holly; then [`refused_changes`](super::refused_changes) are refused.
    pub from_outside: bool,
}

impl EntryDraft {
    /// The draft with NUL replaced; see [`nul::clean`].
    pub fn clean(mut self) -> Self {
        nul::map_entry(
            nul::clean,
            &mut self.title,
            &mut self.details,
            &mut self.metadata,
        );
        self
    }

    /// Parses the body of a create request; reports all problems at once, among them
    /// [reserved names](super::RESERVED_NAMES) in the metadata.
    pub fn parse(body: &Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = EntryFields::from_value(body)?;
        let draft = Self {
            conversation_id: fields.parsed("conversationId"),
            parent_id: fields.parsed("parentId"),
            log_type: fields.required("logType").unwrap_or(LogType::Info),
            status: fields.required("status").unwrap_or(Status::Info),
            title: fields.title().unwrap_or_else(|| fields.missing("title")),
            details: fields.details().flatten(),
            metadata: Metadata(fields.new_metadata()),
            duration_ms: fields.number("durationMs", 0, DURATION_MAX_MS),
            lease_ms: fields
                .number("leaseSeconds", LEASE_MIN_S, LEASE_MAX_S)
                .map_or(LEASE_DEFAULT_MS, |s| s * 1000),
        };
        fields.finish(draft)
    }
}

impl EntryPatch {
    /// The patch with NUL replaced; see [`nul::clean`].
    pub fn clean(mut self) -> Self {
        self.title.iter_mut().for_each(nul::clean);
        self.details.iter_mut().flatten().for_each(nul::clean);
        if let Some(fields) = &mut self.metadata {
            nul::map_fields(nul::clean, fields);
        }
        self
    }

    /// Parses the body of a patch request; reports all problems at once.
    pub fn parse(body: &Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = EntryFields::from_value(body)?;
        let patch = Self {
            status: fields.parsed("status"),
            title: fields.title(),
            details: fields.details(),
            metadata: fields.metadata(),
            duration_ms: fields.number("durationMs", 0, DURATION_MAX_MS),
            kept: fields.flag("kept"),
            lease_ms: fields
                .number("leaseSeconds", LEASE_MIN_S, LEASE_MAX_S)
                .map(|s| s * 1000),
            from_outside: true,
        };
        fields.finish(patch)
    }

    /// Whether the patch sets `kept` and nothing else.
    pub fn only_keeps(&self) -> bool {
        self.kept.is_some()
            && Self {
                kept: None,
                from_outside: false,
                ..self.clone()
            } == Self::default()
    }
}

/// The fields of a JSON object. Parsers remove the known ones; the rest is reported as unknown.
struct EntryFields {
    remaining: Map<String, Value>,
    problems: Vec<FieldError>,
}

impl EntryFields {
    fn from_value(body: &Value) -> Result<Self, Vec<FieldError>> {
        match body {
            Value::Object(fields) => {
                let mut remaining = fields.clone();
                nul::map_fields(nul::clean, &mut remaining);
                Ok(Self {
                    remaining,
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
        for field in std::mem::take(&mut self.remaining)
            .into_iter()
            .map(|(name, _)| name)
        {
            self.reject(&field, "is not a field that can be written here");
        }
        if self.problems.is_empty() {
            Ok(value)
        } else {
            Err(self.problems)
        }
    }

    fn reject(&mut self, field: &str, reason: impl Into<String>) {
        self.problems.push(FieldError {
            field: field.to_owned(),
            reason: reason.into(),
        });
    }

    fn take(&mut self, field: &str) -> Option<Value> {
        self.remaining
            .remove(field)
            .filter(|value| !value.is_null())
    }

    fn missing<T: Default>(&mut self, field: &str) -> T {
        if !self.problems.iter().any(|problem| problem.field == field) {
            self.reject(field, "is required");
        }
        T::default()
    }

    fn text(&mut self, field: &str) -> Option<String> {
        match self.take(field)? {
            Value::String(text) => Some(text),
            _ => {
                self.reject(field, "must be text");
                None
            }
        }
    }

    fn parsed<T: FromStr<Err: std::fmt::Display>>(&mut self, field: &str) -> Option<T> {
        match self.text(field)?.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.reject(field, error.to_string());
                None
            }
        }
    }

    fn required<T: FromStr<Err: std::fmt::Display>>(&mut self, field: &str) -> Option<T> {
        let value = self.parsed(field);
        if value.is_none() {
            self.missing::<()>(field);
        }
        value
    }

    fn title(&mut self) -> Option<String> {
        let title = self.text("title")?;
        let chars = title.trim().chars().count();
        if chars == 0 || chars > ENTRY_TITLE_MAX_CHARS {
            self.reject(
                "title",
                format!("must be 1 to {ENTRY_TITLE_MAX_CHARS} characters, not {chars}"),
            );
        }
        Some(title.trim().to_owned())
    }

    fn details(&mut self) -> Option<Option<String>> {
        if self.remaining.get("details").is_some_and(Value::is_null) {
            self.remaining.remove("details");
            return Some(None);
        }
        let details = self.text("details")?;
        if details.len() > DETAILS_MAX_BYTES {
            self.reject(
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
            Value::Object(fields) => {
                let bytes = Value::Object(fields.clone()).to_string().len();
                if bytes > METADATA_MAX_BYTES {
                    self.reject(
                        "metadata",
                        format!("must be at most {METADATA_MAX_BYTES} bytes of JSON, not {bytes}"),
                    );
                }
                Some(fields)
            }
            _ => {
                self.reject("metadata", "must be a JSON object");
                None
            }
        }
    }

    /// The metadata of a new entry, without reserved names.
    fn new_metadata(&mut self) -> Map<String, Value> {
        let metadata = self.metadata().unwrap_or_default();
        self.problems.extend(reserved_names(&metadata, None));
        metadata
    }

    fn number(&mut self, field: &str, min: i64, max: i64) -> Option<i64> {
        let value = self.take(field)?;
        match value.as_i64().or_else(|| integer(value.as_f64()?)) {
            Some(number) if (min..=max).contains(&number) => Some(number),
            _ => {
                self.reject(field, format!("must be a whole number from {min} to {max}"));
                None
            }
        }
    }

    fn flag(&mut self, field: &str) -> Option<bool> {
        match self.take(field)? {
            Value::Bool(flag) => Some(flag),
            _ => {
                self.reject(field, "must be true or false");
                None
            }
        }
    }
}

/// JSON has only one number type: some clients write 47 as 47.0.
fn integer(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rejected_fields(body: Value) -> Vec<String> {
        EntryDraft::parse(&body)
            .unwrap_err()
            .into_iter()
            .map(|problem| problem.field)
            .collect()
    }

    #[test]
    fn a_minimal_entry_is_accepted() {
        let draft =
            EntryDraft::parse(&json!({"logType": "info", "status": "info", "title": " hello "}))
                .unwrap();
        assert_eq!(
            (draft.title.as_str(), draft.lease_ms),
            ("hello", LEASE_DEFAULT_MS)
        );
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        let body = json!({
            "logType": "dance", "title": "", "details": 1, "metadata": [],
            "durationMs": -1, "leaseSeconds": 0, "rev": 7,
        });
        assert_eq!(
            rejected_fields(body),
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
        assert_eq!(rejected_fields(json!([])), ["body"]);
    }

    #[test]
    fn size_limits_are_enforced() {
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
    fn a_whole_number_may_have_a_decimal_point() {
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
    fn a_patch_distinguishes_null_from_absent() {
        assert_eq!(
            EntryPatch::parse(&json!({})).unwrap(),
            EntryPatch {
                from_outside: true,
                ..EntryPatch::default()
            }
        );
        assert_eq!(
            EntryPatch::parse(&json!({"details": null}))
                .unwrap()
                .details,
            Some(None)
        );
    }
}
