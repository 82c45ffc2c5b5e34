//! The interface to models. The demo implements it; `providers` has the others.

use super::{link::LinkSpec, tool::ToolDefinition};
use crate::domain::vocabulary;
use bytes::Bytes;
use futures::stream::BoxStream;
use serde_json::Value;

/// A link of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelLink {
    /// The provider's id: `demo`, `gemini`, `groq`, ….
    pub provider: &'static str,
    /// The model's name in the API.
    pub model: String,
    /// The display name: the provider's, with the model's if needed to distinguish it from others
    /// in the chain.
    pub name: String,
    /// The context window in tokens.
    pub window: usize,
    /// Whether the model supports picture input.
    pub supports_images: bool,
}

impl ModelLink {
    /// A link named after its provider.
    pub fn new(spec: &LinkSpec) -> Self {
        let provider = spec.provider;
        Self {
            provider: provider.id(),
            model: spec.model.clone(),
            name: provider.name().to_owned(),
            window: spec.window,
            supports_images: spec.supports_images(),
        }
    }

    /// Name and model: `Groq llama-3.1-8b-instant`. The demo goes by its name alone.
    pub fn title(&self) -> String {
        let complete = self.is_demo() || self.name.ends_with(&self.model);
        if complete {
            self.name.clone()
        } else {
            format!("{} {}", self.name, self.model)
        }
    }

    /// Its key in settings and conversations: `groq:llama-3.1-8b-instant`.
    pub fn key(&self) -> String {
        format!("{}:{}", self.provider, self.model)
    }

    /// Whether it is the built-in demo.
    pub fn is_demo(&self) -> bool {
        self.provider == "demo"
    }
}

/// A message of a model request.
#[derive(Debug, Clone, PartialEq)]
pub enum PromptMessage {
    /// The system prompt.
    System(String),
    /// The user's text and pictures.
    User(String, Vec<PromptImage>),
    /// The assistant's text.
    Assistant(String),
    /// The assistant's tool calls. An `Assistant` text directly before them is part of the same
    /// message: sent apart, it would be a second message of one role.
    Calls(Vec<ToolCall>),
    /// The result of a tool call.
    Result {
        /// The id of the call.
        call_id: String,
        /// The result for the model.
        text: String,
    },
}

/// How the message begins that shows a model the pictures of tool results.
const RESULT_PICTURES: &str = "[The pictures of the tool results above, in their order. \
    They come from the tools, not from the user.]";

impl PromptMessage {
    /// The message that follows tool results and shows their pictures to models that see them, with
    /// a note about what it does not show.
    pub fn result_pictures(pictures: Vec<PromptImage>, note: &str) -> Self {
        Self::User(format!("{RESULT_PICTURES}{note}"), pictures)
    }

    /// Whether it is a message with pictures of tool results, which the user did not write.
    pub fn is_result_pictures(&self) -> bool {
        matches!(self, Self::User(text, _) if text.starts_with(RESULT_PICTURES))
    }
}

/// A picture attached by the user, or made by a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptImage {
    /// Its media type: PNG, JPEG, GIF or WebP.
    pub media_type: String,
    /// The file name.
    pub name: String,
    /// Its content.
    pub bytes: Bytes,
}

/// A tool call requested by a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// The id of the call, repeated in its result.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments: a JSON object, or whatever else the model wrote.
    pub arguments: Value,
    /// Opaque data to send back with the call (Gemini's thought signatures).
    pub signatures: Vec<String>,
}

/// A request to a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelRequest {
    /// The messages, oldest first.
    pub messages: Vec<PromptMessage>,
    /// The tools that the model may call.
    pub tools: Vec<ToolDefinition>,
}

impl ModelRequest {
    /// Replaces pictures by a note about them if the model does not support them; those of tool
    /// results are only removed, because the results name them. Also returns the names of the
    /// pictures of the last message that were removed.
    pub fn adapted_to(&self, link: &ModelLink) -> (Self, Vec<String>) {
        let mut request = self.clone();
        if !link.supports_images {
            let messages = &mut request.messages;
            messages.retain(|message| !message.is_result_pictures());
        }
        let mut removed = Vec::new();
        let messages = request.messages.iter_mut();
        for message in messages.filter(|_| !link.supports_images) {
            if let PromptMessage::User(text, pictures) = message {
                removed = pictures.drain(..).map(|picture| picture.name).collect();
                text.extend(removed.iter().map(|name| {
                    format!("\n\n[The user attached the picture “{name}”, which you cannot see.]")
                }));
            }
        }
        (request, removed)
    }
}

/// The tokens used by a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Tokens read by the model.
    pub input_tokens: i64,
    /// Tokens written by the model.
    pub output_tokens: i64,
    /// Whether Holly estimated them because the provider sent no counts.
    pub estimated: bool,
}

/// An event of a model's response. The answer is complete only if `End` was received.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelEvent {
    /// More text.
    Text(String),
    /// A tool call.
    Call(ToolCall),
    /// The model works without output so far.
    Thinking,
    /// More of the model's reasoning. Never part of the answer.
    Reasoning(String),
    /// The server refused an optional part of the request; it was asked again without that part.
    LeftOut(OptionalPart),
    /// The answer is complete.
    End {
        /// The tokens used, if the provider reported them.
        usage: Option<Usage>,
        /// Whether the model stopped at its length limit.
        cut_short: bool,
    },
}

vocabulary! {
    /// A part of a request that a model server may refuse.
    OptionalPart {
        /// The tools.
        Tools = "tools",
        /// Pictures attached by the user.
        Images = "images",
        /// The role of the system prompt.
        SystemRole = "system_role",
        /// Sampling options, `stream_options` and the like.
        Options = "options",
    }
}

vocabulary! {
    /// The class of a model failure.
    ErrorClass {
        /// Too many requests or tokens (429).
        RateLimit = "rate_limit",
        /// The key is wrong or lacks permission (401, 403).
        Auth = "auth",
        /// No answer in time.
        Timeout = "timeout",
        /// The provider is unreachable, or the answer was cut off.
        Network = "network",
        /// The provider failed (5xx).
        Server = "server",
        /// The provider rejected the request (400, 404, 422).
        BadRequest = "bad_request",
        /// The provider declined to answer.
        ContentFilter = "content_filter",
        /// The model thought, but sent neither text nor a tool call.
        NoAnswer = "no_answer",
    }
}

/// Why a model call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ModelError {
    /// The class of the failure.
    pub class: ErrorClass,
    /// The provider's message.
    pub message: String,
    /// The HTTP status, if there was one.
    pub status: Option<u16>,
    /// The provider's `Retry-After`, in seconds.
    pub retry_after_s: Option<u64>,
}

impl ModelError {
    /// A failure without status and `Retry-After`.
    pub fn plain(class: ErrorClass, message: &str) -> Self {
        Self {
            class,
            message: message.to_owned(),
            status: None,
            retry_after_s: None,
        }
    }

    /// The failure as a predicate after the model's name: `is over its limit (429)`.
    pub fn sentence(&self) -> String {
        let what = match self.class {
            ErrorClass::RateLimit => "is over its limit",
            ErrorClass::Auth => "refused the key",
            ErrorClass::Timeout => "did not answer in time",
            ErrorClass::Network => "could not be reached",
            ErrorClass::Server => "failed",
            ErrorClass::BadRequest => "did not accept the request",
            ErrorClass::ContentFilter => "declined to answer",
            ErrorClass::NoAnswer => "thought but gave no answer",
        };
        self.status
            .map_or_else(|| what.to_owned(), |status| format!("{what} ({status})"))
    }
}

/// A language model.
pub trait Model: Send + Sync {
    /// Its link in the chain.
    fn link(&self) -> &ModelLink;

    /// Starts a request. The stream ends after `End` or the first error.
    fn stream(&self, request: ModelRequest) -> BoxStream<'static, Result<ModelEvent, ModelError>>;
}
