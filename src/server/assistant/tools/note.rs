//! Notes: a text file that the user can open and save. Writing one needs approval.

use super::prompt::{cut, one_line};
use crate::server::assistant::tool::{
    ProducedFile, TITLE_MAX_CHARS, Tool, ToolContext, ToolDefinition, ToolError, ToolOutput,
};
use futures::future::BoxFuture;
use serde_json::{Value, json};

/// Maximum length of a note, in characters.
const TEXT_MAX_CHARS: usize = 4_000;

/// The tool `write_note`.
#[derive(Clone, Copy, Debug)]
pub struct NoteTool;

impl Tool for NoteTool {
    fn definition(&self) -> ToolDefinition {
        ToolDefinition {
            name: "write_note".to_owned(),
            description: "Writes a note as a text file that the user can keep. \
                 The user is asked before it is written."
                .to_owned(),
            schema: json!({
                "type": "object",
                "properties": {
                    "text": {
                        "type": "string", "minLength": 1, "maxLength": TEXT_MAX_CHARS,
                        "description": "The note, plain text",
                    },
                },
                "required": ["text"],
            }),
        }
    }

    fn title(&self, arguments: &Value) -> String {
        let text = arguments
            .get("text")
            .and_then(Value::as_str)
            .map(one_line)
            .unwrap_or_default();
        if text.is_empty() {
            "Note".to_owned()
        } else {
            cut(&format!("Note: {text}"), TITLE_MAX_CHARS)
        }
    }

    fn needs_approval(&self, _: &Value) -> bool {
        true
    }

    fn run(
        &self,
        arguments: Value,
        _: ToolContext,
    ) -> BoxFuture<'static, Result<ToolOutput, ToolError>> {
        Box::pin(async move {
            let text = arguments.get("text").and_then(Value::as_str).map(str::trim);
            let text = text.filter(|text| (1..=TEXT_MAX_CHARS).contains(&text.chars().count()));
            let text = text.ok_or_else(|| {
                ToolError::BadArguments(format!(
                    "text must be a text of 1 to {TEXT_MAX_CHARS} characters"
                ))
            })?;
            let file = ProducedFile {
                bytes: text.as_bytes().to_vec(),
                media_type: "text/plain; charset=utf-8",
                name: "note.txt".to_owned(),
                description: cut(&format!("Note: {}", one_line(text)), TITLE_MAX_CHARS),
            };
            Ok(ToolOutput {
                text: "The note is written and shown to the user.".to_owned(),
                details: None,
                files: vec![file],
            })
        })
    }
}
