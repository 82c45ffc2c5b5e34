//! The kinds of generated media: the tool's name and description, and checks of a service's files.

use crate::server::{
    assistant::{
        tool::{ProducedFile, ToolDefinition, ToolError},
        tools::{arguments, prompt::Prompt},
    },
    base::media_type::{self, DetectedMedia},
};
use serde_json::{Value, json};

/// A kind of generated media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    Image,
    Music,
    Video,
}

impl Media {
    /// The label in titles of the work log.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Image => "Image",
            Self::Music => "Music",
            Self::Video => "Film",
        }
    }

    /// The noun for a result.
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Image => "picture",
            Self::Music => "song",
            Self::Video => "film",
        }
    }

    /// Maximum file size, in bytes.
    pub(super) const fn max_bytes(self) -> usize {
        match self {
            Self::Image => 20 << 20,
            Self::Music => 50 << 20,
            Self::Video => 200 << 20,
        }
    }

    pub(super) fn definition(self) -> ToolDefinition {
        let (name, description, prompt) = match self {
            Self::Image => (
                "generate_image",
                "Makes a picture from a description and shows it to the user.",
                "What the picture shows",
            ),
            Self::Music => (
                "generate_music",
                "Makes a short piece of music from a description and plays it to the user.",
                "What the music is like",
            ),
            Self::Video => (
                "generate_video",
                "Makes a short film from a description and shows it to the user. It takes minutes.",
                "What happens in the film",
            ),
        };
        let mut properties = json!({ "prompt": arguments::prompt_schema(prompt) });
        match self {
            Self::Image => {
                properties["style"] =
                    arguments::style_schema("How it is painted, such as oil on canvas")
            }
            Self::Music => properties["seconds"] = arguments::seconds_schema(5..=60, 20),
            Self::Video => {}
        }
        let schema = json!({ "type": "object", "properties": properties, "required": ["prompt"] });
        ToolDefinition {
            name: name.to_owned(),
            description: description.to_owned(),
            schema,
        }
    }

    /// A title for the work log from any arguments.
    pub(super) fn title(self, arguments: &Value) -> String {
        arguments::title(self.label(), arguments)
    }

    /// The input for a service, under the names used by different services, which ignore unknown
    /// ones.
    pub(super) fn input(self, prompt: &Prompt, arguments: &Value) -> Result<Value, ToolError> {
        Ok(match self {
            Self::Image => match arguments::style(arguments)? {
                Some(style) => json!({ "prompt": format!("{}, {style}", prompt.text()) }),
                None => json!({ "prompt": prompt.text() }),
            },
            Self::Music => {
                let seconds = arguments::seconds(arguments, 5..=60, 20)?;
                json!({ "prompt": prompt.text(), "duration": seconds, "seconds_total": seconds })
            }
            Self::Video => json!({ "prompt": prompt.text() }),
        })
    }

    /// Accepts a file of a service; its type is detected from its bytes, whatever the service says.
    pub(super) fn file(self, prompt: &Prompt, bytes: Vec<u8>) -> Result<ProducedFile, ToolError> {
        let DetectedMedia {
            media_type,
            extension,
        } = media_type::video(&bytes)
            .or_else(|| media_type::media(&bytes))
            .filter(|media| {
                let kind = media.media_type.split('/').next();
                matches!(
                    (self, kind),
                    (Self::Image, Some("image"))
                        | (Self::Music, Some("audio"))
                        | (Self::Video, Some("video" | "image"))
                )
            })
            .ok_or_else(|| {
                ToolError::Failed(format!(
                    "The file that the service sent is not a {}.",
                    self.kind()
                ))
            })?;
        Ok(ProducedFile {
            bytes,
            media_type,
            name: prompt.file_name(self.kind(), extension),
            description: prompt.description(),
        })
    }
}
