//! Converts the result of an MCP tool: text for the model, pictures and sound for the user. The
//! content is untrusted: its size is limited, secrets of the server are masked, and files are
//! accepted only with a type detected from their bytes.

use super::config::ServerConfig;
use crate::server::{
    assistant::tool::{ProducedFile, ToolError, ToolOutput},
    base::media_type::{self, DetectedMedia},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};

/// Maximum size in bytes of the text for a model.
const TEXT_MAX_BYTES: usize = 32 * 1024;
/// Maximum number of files of one result.
const FILES_MAX: usize = 8;
/// Maximum file size, in bytes.
const FILE_MAX_BYTES: usize = 10 * 1024 * 1024;

/// Converts a result. Errors: `Failed` with the server's text if it reports an error.
pub(super) fn output(
    config: &ServerConfig,
    title: &str,
    result: CallToolResult,
) -> Result<ToolOutput, ToolError> {
    let mut collector = Collector {
        title,
        texts: Vec::new(),
        files: Vec::new(),
    };
    let blocks = result.content.len();
    for block in result.content {
        collector.add_block(block);
    }
    if let Some(structured) = result.structured_content.filter(|_| blocks == 0) {
        collector.texts.push(structured.to_string());
    }
    let text = clip(config.mask_secrets(&collector.texts.join("\n")));
    if result.is_error == Some(true) {
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
