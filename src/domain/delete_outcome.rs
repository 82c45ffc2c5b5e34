//! What a deletion answers: what the reader is told, and where they go on.

use crate::domain::{DeleteReceipt, json::JsonFields};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Said to the reader where the answer comes without leaving the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteOutcome {
    /// What was done, in a sentence.
    pub words: String,
    /// The page to go to when what is open is what was deleted.
    pub go: Option<String>,
}

impl DeleteOutcome {
    /// What is said of a deletion. `go` is where one goes on, if what was deleted was a page.
    pub fn of(receipt: DeleteReceipt, go: Option<&str>) -> Self {
        Self {
            words: receipt.words(),
            go: go.map(|path| format!("{path}?deleted={}", receipt.code())),
        }
    }

    /// It in a JSON value.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = JsonFields::of(value)?;
        Some(Self {
            words: fields.string("words")?,
            go: fields.string("go"),
        })
    }
}
