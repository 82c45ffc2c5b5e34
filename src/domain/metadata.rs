//! The facts beside an entry's title: a JSON object with a few names that Holly itself reads.

use super::Approval;
use crate::domain::{
    ids::FileId,
    json::{JsonFields, deserialize_by_read},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A JSON object of at most [`METADATA_MAX_BYTES`](super::METADATA_MAX_BYTES). Names in use:
/// `provider`, `model`, `modelName`, `inputTokens`, `outputTokens`, `tokensEstimated`,
/// `timeToFirstTokenMs`, `tool`, `toolCallId`, `attempt`, `fallback`, `errorClass`, `error`,
/// `interrupted`, `stopped`, `progress` (0 to 100), `step`, `maskedValues`, `files`, `approval`.
/// Others are kept and shown as they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(pub Map<String, Value>);

/// A file that a tool made, as it stands in `metadata.files`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaFile {
    /// Its address is `/files/{id}`.
    pub id: FileId,
    /// IANA media type, such as `image/svg+xml`.
    pub media_type: String,
    /// The name offered when it is saved.
    pub name: String,
    /// What it shows, for those who do not see or hear it.
    pub description: String,
    /// Size in bytes.
    pub bytes: i64,
}

deserialize_by_read!(MediaFile);

impl MediaFile {
    /// The file in a JSON value.
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

    /// Where the browser fetches it.
    pub fn url(&self) -> String {
        format!("/files/{}", self.id)
    }
}

impl Metadata {
    /// This object with `name` set to `value`.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// The same facts in the order of their names, in which browsers keep JSON: a page is drawn
    /// alike by both.
    pub fn in_order(mut self) -> Self {
        self.0.values_mut().for_each(Value::sort_all_objects);
        self.0.sort_keys();
        self
    }

    /// The text under `name`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// The whole number under `name`.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }

    /// Whether `name` is `true`.
    pub fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The files that the work made; entries that do not read as files are passed over.
    pub fn files(&self) -> Vec<MediaFile> {
        let Some(Value::Array(files)) = self.0.get("files") else {
            return Vec::new();
        };
        files.iter().filter_map(MediaFile::read).collect()
    }

    /// Whether the work was allowed, where somebody was asked.
    pub fn approval(&self) -> Option<Approval> {
        Approval::read(self.0.get("approval")?)
    }

    /// Name and value of each fact, as a person reads them: `inputTokens: 12` becomes `input
    /// tokens`, `12`. Files are left out, they are shown as what they are, and the model's name,
    /// which stands in the title.
    pub fn facts(&self) -> Vec<(String, String)> {
        self.0
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "files" | "modelName"))
            .map(|(name, value)| {
                (
                    spaced(name),
                    self.approval()
                        .filter(|_| name == "approval")
                        .map_or_else(|| shown(value), |approval| approval.words()),
                )
            })
            .collect()
    }
}

fn spaced(name: &str) -> String {
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

fn shown(value: &Value) -> String {
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
    fn facts_are_named_in_words() {
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
    fn facts_stand_in_one_order_whoever_draws_them() {
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
            metadata.in_order().facts(),
            facts.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn files_that_do_not_read_as_files_are_passed_over() {
        let metadata = Metadata::default().with("files", serde_json::json!(["x", {"id": 1}]));
        assert!(metadata.files().is_empty());
    }
}
