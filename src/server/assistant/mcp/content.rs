//! Converts the result of an MCP tool: text for the model, pictures and sound for the user. The
//! content is untrusted: its size is limited, secrets of the server are masked, and files are
//! accepted only with a type detected from their bytes.

use super::config::ServerConfig;
use crate::server::{
    assistant::tool::{ProducedFile, ToolError, ToolOutput},
    base::{
        media_type::{self, DetectedMedia},
        visible::visible,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};
use serde_json::Value;

/// Maximum size in bytes of the text for a model, and of the structured content beside it.
const TEXT_MAX_BYTES: usize = 32 * 1024;
/// Maximum length of the name of an unknown type, in characters.
const TYPE_MAX_CHARS: usize = 40;
/// Maximum number of files of one result.
const FILES_MAX: usize = 8;
/// Maximum file size, in bytes.
const FILE_MAX_BYTES: usize = 10 * 1024 * 1024;

/// The result of a tool call, as far as it can be read.
pub(super) struct ToolResult {
    /// The blocks, or notes about blocks that cannot be read.
    blocks: Vec<Result<ContentBlock, String>>,
    structured: Option<Value>,
    is_error: bool,
}

impl From<CallToolResult> for ToolResult {
    fn from(result: CallToolResult) -> Self {
        Self {
            blocks: result.content.into_iter().map(Ok).collect(),
            structured: result.structured_content,
            is_error: result.is_error == Some(true),
        }
    }
}

/// Reads a result block by block; `None` if it is no tool result.
pub(super) fn parse(result: &Value) -> Option<ToolResult> {
    let structured = result.get("structuredContent").cloned();
    let blocks = match result.get("content") {
        Some(Value::Array(blocks)) => blocks.iter().map(parse_block).collect(),
        Some(Value::String(text)) => vec![Ok(ContentBlock::text(text))],
        None if structured.is_some() => Vec::new(),
        _ => return None,
    };
    Some(ToolResult {
        blocks,
        structured,
        is_error: result.get("isError") == Some(&Value::Bool(true)),
    })
}

fn parse_block(block: &Value) -> Result<ContentBlock, String> {
    let without_optional = || {
        let mut block = block.clone();
        if let Some(fields) = block.as_object_mut() {
            fields.retain(|name, _| !matches!(name.as_str(), "annotations" | "_meta"));
        }
        serde_json::from_value(block)
    };
    let read = serde_json::from_value(block.clone());
    read.or_else(|_| without_optional()).map_err(|_| {
        let kind = block.get("type").and_then(Value::as_str);
        match kind {
            Some(kind) => {
                let kind: String = visible(kind).chars().take(TYPE_MAX_CHARS).collect();
                format!("[content of the type “{kind}” was left out: Holly cannot read it]")
            }
            None => "[content without a type was left out]".to_owned(),
        }
    })
}

/// Converts a result. Errors: `Failed` with the server's text if it reports an error.
pub(super) fn output(
    config: &ServerConfig,
    title: &str,
    result: impl Into<ToolResult>,
) -> Result<ToolOutput, ToolError> {
    let result: ToolResult = result.into();
    let mut collector = Collector {
        title,
        texts: Vec::new(),
        files: Vec::new(),
    };
    for block in result.blocks {
        match block {
            Ok(block) => collector.add_block(block),
            Err(note) => collector.texts.push(note),
        }
    }
    let structured = result
        .structured
        .filter(|structured| !structured.is_null() && !collector.has_json(structured));
    let mut text = clip(config.mask_secrets(&collector.texts.join("\n")));
    if let Some(structured) = structured {
        let structured = clip(config.mask_secrets(&structured.to_string()));
        text = match text.is_empty() {
            true => structured,
            false => format!("{text}\n\nStructured content: {structured}"),
        };
    }
    if result.is_error {
        return Err(ToolError::Failed(if text.trim().is_empty() {
            "The tool failed without a message.".to_owned()
        } else {
            text
        }));
    }
    let text = if text.trim().is_empty() {
        "Done, without any result.".to_owned()
    } else {
        text
    };
    Ok(ToolOutput {
        details: Some(text.clone()),
        text,
        files: collector.files,
    })
}

struct Collector<'a> {
    title: &'a str,
    texts: Vec<String>,
    files: Vec<ProducedFile>,
}

impl Collector<'_> {
    /// Whether a text is this value as JSON, as servers send it for clients that read texts only.
    fn has_json(&self, value: &Value) -> bool {
        let mut texts = self.texts.iter();
        texts.any(|text| serde_json::from_str::<Value>(text).is_ok_and(|json| json == *value))
    }

    fn add_block(&mut self, block: ContentBlock) {
        match block {
            ContentBlock::Text(text) => self.texts.push(text.text),
            ContentBlock::Image(image) => self.add_file(&image.data, "picture"),
            ContentBlock::Audio(audio) => self.add_file(&audio.data, "sound"),
            ContentBlock::Resource(resource) => match resource.resource {
                ResourceContents::TextResourceContents { uri, text, .. } => {
                    self.texts.push(format!("{uri}:\n{text}"))
                }
                ResourceContents::BlobResourceContents { blob, .. } => self.add_file(&blob, "file"),
                _ => self.texts.push("[unsupported content]".to_owned()),
            },
            ContentBlock::ResourceLink(link) => {
                self.texts.push(format!("[{}: {}]", link.name, link.uri))
            }
            _ => self.texts.push("[unsupported content]".to_owned()),
        }
    }

    /// Adds a file, or a note about why it was rejected.
    fn add_file(&mut self, base64: &str, kind: &str) {
        let note = match self.check_file(base64) {
            Ok((
                bytes,
                DetectedMedia {
                    media_type,
                    extension,
                },
            )) => {
                let number = self.files.len() + 1;
                let description = format!("{} ({kind} {number})", self.title);
                self.files.push(ProducedFile {
                    bytes,
                    media_type,
                    name: format!("{kind}-{number}.{extension}"),
                    description,
                });
                format!("[a {kind}, shown to the user]")
            }
            Err(reason) => format!("[a {kind} was not accepted: {reason}]"),
        };
        self.texts.push(note);
    }

    fn check_file(&self, base64: &str) -> Result<(Vec<u8>, DetectedMedia), String> {
        if self.files.len() >= FILES_MAX {
            return Err(format!("there are more than {FILES_MAX}"));
        }
        if base64.len() / 4 * 3 > FILE_MAX_BYTES {
            return Err(format!("it is larger than {FILE_MAX_BYTES} bytes"));
        }
        let bytes = STANDARD
            .decode(base64.trim())
            .map_err(|_| "it is not base64".to_owned())?;
        let media = media_type::media(&bytes).ok_or("its type is not supported")?;
        Ok((bytes, media))
    }
}

fn clip(mut text: String) -> String {
    if text.len() > TEXT_MAX_BYTES {
        let omitted = text.len() - text.floor_char_boundary(TEXT_MAX_BYTES);
        text.truncate(text.floor_char_boundary(TEXT_MAX_BYTES));
        text.push_str(&format!("\n… {omitted} bytes left out"));
    }
    text
}
