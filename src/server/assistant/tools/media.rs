//! The kinds of media that tools make: the tool's name, what a model is told of it, and which
//! files are taken from a service.

use crate::server::{
    assistant::{
        tool::{ProducedFile, ToolDefinition, ToolError},
        tools::{arguments, prompt::Prompt},
    },
    base::media_type::{self, DetectedMedia},
};
use serde_json::{Value, json};

/// A kind of thing to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    Image,
    Music,
    Video,
}

impl Media {
    /// How the work log calls the work.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Image => "Image",
            Self::Music => "Music",
            Self::Video => "Film",
        }
    }

    /// What comes of it, in one word.
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Image => "picture",
            Self::Music => "song",
            Self::Video => "film",
        }
    }

    /// The largest file that is taken, in bytes.
    pub(super) const fn max_bytes(self) -> usize {
        match self {
            Self::Image => 20 << 20,
            Self::Music => 50 << 20,
            Self::Video => 200 << 20,
        }
    }

    pub(super) fn definition(self) -> ToolDefinition {
        let (name, description, what) = match self {
            Self::Image => (
                "generate_image",
                "Makes a picture from a description and shows it to the person.",
                "What the picture shows",
            ),
            Self::Music => (
                "generate_music",
                "Makes a short piece of music from a description and plays it to the person.",
                "What the music is like",
            ),
            Self::Video => (
                "generate_video",
                "Makes a short film from a description and shows it to the person. It takes minutes.",
                "What happens in the film",
            ),
        };
        let mut properties = json!({ "prompt": arguments::prompt_schema(what) });
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

    /// One line for the work log, from whatever a model gave as arguments.
    pub(super) fn title(self, arguments: &Value) -> String {
        arguments::title(self.label(), arguments)
    }

    /// What a service is asked for; names that it does not know are passed over by the services
    /// that are meant.
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

    /// A file as it came from a service; its type is read from its bytes, whatever the service
    /// says.
    pub(super) fn file(self, prompt: &Prompt, bytes: Vec<u8>) -> Result<ProducedFile, ToolError> {
        let DetectedMedia {
            media_type,
            extension,
        } = media_type::video(&bytes)
            .or_else(|| media_type::media(&bytes))
            .filter(|sniffed| {
                let kind = sniffed.media_type.split('/').next();
                matches!(
                    (self, kind),
                    (Self::Image, Some("image"))
                        | (Self::Music, Some("audio"))
                        | (Self::Video, Some("video" | "image"))
                )
            })
            .ok_or_else(|| {
                ToolError::Failed(format!(
                    "The service sent something that is no {}.",
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
