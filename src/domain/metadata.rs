//! Metadata of an entry: a JSON object in which Holly reads a few known names.

use super::Approval;
use crate::domain::{
    ids::FileId,
    json::{JsonFields, deserialize_by_read},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A JSON object of at most [`METADATA_MAX_BYTES`](super::METADATA_MAX_BYTES). Names in use:
/// `provider`, `model`, `modelName`, `inputTokens`, `outputTokens`, `tokensEstimated`,
/// `timeToFirstTokenMs`, `tool`, `toolCallId`, `arguments`, `toolResult`, `reasoning`, `attempt`,
/// `fallback`, `errorClass`, `error`, `interrupted`, `stopped`, `progress` (0 to 100), `step`,
/// `maskedValues`, `files`, `approval`. Others are stored and shown as they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(pub Map<String, Value>);

/// A file made by a tool, as listed in `metadata.files`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaFile {
    /// Its id; the URL is `/files/{id}`.
    pub id: FileId,
    /// IANA media type, such as `image/svg+xml`.
    pub media_type: String,
    /// The file name for downloads.
    pub name: String,
    /// A text alternative.
    pub description: String,
    /// Size in bytes.
    pub bytes: i64,
}

deserialize_by_read!(MediaFile);

/// The field that says that the model called a tool that does not exist, under a name of its own.
pub const UNKNOWN_TOOL: &str = "unknownTool";
/// The fields with the names under which the entry of a turn is counted in the statistics.
pub const COUNTED_NAMES: [&str; 4] = ["tool", "model", "modelName", UNKNOWN_TOOL];

impl MediaFile {
    /// Reads a file from a JSON value.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = JsonFields::of(value)?;
        Some(Self {
            id: fields.parsed("id")?,
            media_type: fields.string("mediaType")?,
            name: fields.string("name")?,
            description: fields.string("description")?,
            bytes: fields.number("bytes")?,
        })
    }

    /// The URL of the file.
    pub fn url(&self) -> String {
        format!("/files/{}", self.id)
    }
}

impl Metadata {
    /// Sets `name` to `value`.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Sorts all fields by name, the order in which browsers keep JSON, so that server and browser
    /// render the same page.
    pub fn sorted(mut self) -> Self {
        self.0.values_mut().for_each(Value::sort_all_objects);
        self.0.sort_keys();
        self
    }

    /// The string under `name`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// The integer under `name`.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }

    /// Whether `name` is `true`.
    pub fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The files made by the work; items that are not valid files are skipped.
    pub fn files(&self) -> Vec<MediaFile> {
        let Some(Value::Array(files)) = self.0.get("files") else {
            return Vec::new();
        };
        files.iter().filter_map(MediaFile::read).collect()
    }

    /// The tool approval, if the work needed one.
    pub fn approval(&self) -> Option<Approval> {
        Approval::read(self.0.get("approval")?)
    }

    /// Label and text of each field: `inputTokens: 12` becomes `input tokens`, `12`. Files are left
    /// out because they are shown themselves, and the model's name because the title has it.
    pub fn facts(&self) -> Vec<(String, String)> {
        self.0
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "files" | "modelName"))
            .map(|(name, value)| {
                (
                    label(name),
                    self.approval()
                        .filter(|_| name == "approval")
                        .map_or_else(|| value_text(value), |approval| approval.words()),
                )
            })
            .collect()
    }
}

fn label(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(if letter == '_' {
            ' '
        } else {
            letter.to_ascii_lowercase()
        });
    }
    words
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fact_labels_are_words() {
        let metadata = Metadata::default()
            .with("inputTokens", 12)
            .with("fallback", true)
            .with("error_class", "timeout");
        let facts: Vec<_> = metadata.facts();
        assert!(facts.contains(&("input tokens".into(), "12".into())));
        assert!(facts.contains(&("fallback".into(), "yes".into())));
        assert!(facts.contains(&("error class".into(), "timeout".into())));
    }

    #[test]
    fn facts_are_sorted_by_name() {
        let metadata = Metadata::default()
            .with("provider", "demo")
            .with("attempt", 1)
            .with("costs", serde_json::json!({"to": 2, "from": 1}));
        let facts = [
            ("attempt", "1"),
            ("costs", r#"{"from":1,"to":2}"#),
            ("provider", "demo"),
        ];
        assert_eq!(
            metadata.sorted().facts(),
            facts.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn invalid_files_are_skipped() {
        let metadata = Metadata::default().with("files", serde_json::json!(["x", {"id": 1}]));
        assert!(metadata.files().is_empty());
    }
}
