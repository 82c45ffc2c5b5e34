//! The answer to a deletion: a sentence for the user and the page to open next.

use crate::domain::{DeleteReceipt, json::JsonFields};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Returned when a deletion is requested without leaving the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteOutcome {
    /// What was deleted, in a sentence.
    pub words: String,
    /// The page to open if the current page was deleted.
    pub go: Option<String>,
}

impl DeleteOutcome {
    /// The outcome of a deletion. `go` is the page to open if the deleted thing was a page.
    pub fn new(receipt: DeleteReceipt, go: Option<&str>) -> Self {
        Self {
            words: receipt.words(),
            go: go.map(|path| format!("{path}?deleted={}", receipt.code())),
        }
    }

    /// Reads an outcome from a JSON value.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = JsonFields::of(value)?;
        Some(Self {
            words: fields.string("words")?,
            go: fields.string("go"),
        })
    }
}
