//! What a server's tool came to: text for the model, pictures and sound for the person. All of it
//! is somebody else's word: bounded, without the secrets the server was given, and files only of
//! the types that their content shows.

use super::config::ServerConfig;
use crate::server::{
    assistant::tool::{ProducedFile, ToolError, ToolOutput},
    base::media_type::{self, DetectedMedia},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};

/// Longest text given to a model, in bytes.
const TEXT_MAX_BYTES: usize = 32 * 1024;
/// Most files taken from one result.
const FILES_MAX: usize = 8;
/// Largest file, in bytes.
const FILE_MAX_BYTES: usize = 10 * 1024 * 1024;

/// The result as a turn uses it. Errors: `Failed` with the server's text where it says that the
/// tool failed.
pub(super) fn output(
    config: &ServerConfig,
    title: &str,
    result: CallToolResult,
) -> Result<ToolOutput, ToolError> {
    let mut read = Read {
        title,
        texts: Vec::new(),
        files: Vec::new(),
    };
    let blocks = result.content.len();
    for block in result.content {
        read.block(block);
    }
    if let Some(structured) = result.structured_content.filter(|_| blocks == 0) {
        read.texts.push(structured.to_string());
    }
    let text = clip(config.conceal(&read.texts.join("\n")));
    if result.is_error == Some(true) {
        return Err(ToolError::Failed(if text.trim().is_empty() {
            "The tool said that it failed, not why.".to_owned()
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
        files: read.files,
    })
}

struct Read<'a> {
    title: &'a str,
    texts: Vec<String>,
    files: Vec<ProducedFile>,
}

impl Read<'_> {
    fn block(&mut self, block: ContentBlock) {
        match block {
            ContentBlock::Text(text) => self.texts.push(text.text),
            ContentBlock::Image(image) => self.file(&image.data, "picture"),
            ContentBlock::Audio(audio) => self.file(&audio.data, "sound"),
            ContentBlock::Resource(resource) => match resource.resource {
                ResourceContents::TextResourceContents { uri, text, .. } => {
                    self.texts.push(format!("{uri}:\n{text}"))
                }
                ResourceContents::BlobResourceContents { blob, .. } => self.file(&blob, "file"),
                _ => self
                    .texts
                    .push("[something that Holly cannot read]".to_owned()),
            },
            ContentBlock::ResourceLink(link) => {
                self.texts.push(format!("[{}: {}]", link.name, link.uri))
            }
            _ => self
                .texts
                .push("[something that Holly cannot read]".to_owned()),
        }
    }

    /// Takes a file, or says in the text why not.
    fn file(&mut self, base64: &str, what: &str) {
        let note = match self.taken(base64) {
            Ok((
                bytes,
                DetectedMedia {
                    media_type,
                    extension,
                },
            )) => {
                let number = self.files.len() + 1;
                let description = format!("{} ({what} {number})", self.title);
                self.files.push(ProducedFile {
                    bytes,
                    media_type,
                    name: format!("{what}-{number}.{extension}"),
                    description,
                });
                format!("[a {what}, shown to the person]")
            }
            Err(why) => format!("[a {what} that was not taken: {why}]"),
        };
        self.texts.push(note);
    }

    fn taken(&self, base64: &str) -> Result<(Vec<u8>, DetectedMedia), String> {
        if self.files.len() >= FILES_MAX {
            return Err(format!("there are more than {FILES_MAX}"));
        }
        if base64.len() / 4 * 3 > FILE_MAX_BYTES {
            return Err(format!("it is larger than {FILE_MAX_BYTES} bytes"));
        }
        let bytes = STANDARD
            .decode(base64.trim())
            .map_err(|_| "it is not base64".to_owned())?;
        let sniffed =
            media_type::media(&bytes).ok_or("its content is of no type that Holly shows")?;
        Ok((bytes, sniffed))
    }
}

fn clip(mut text: String) -> String {
    if text.len() > TEXT_MAX_BYTES {
        let left_out = text.len() - text.floor_char_boundary(TEXT_MAX_BYTES);
        text.truncate(text.floor_char_boundary(TEXT_MAX_BYTES));
        text.push_str(&format!("\n… {left_out} bytes left out"));
    }
    text
}
