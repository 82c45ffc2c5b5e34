//! What Holly asks of a model, whoever runs it. The demo is one; real providers are others.

use super::{link::LinkSpec, tool::ToolDefinition};
use crate::domain::vocabulary;
use bytes::Bytes;
use futures::stream::BoxStream;
use serde_json::Value;

/// A link of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelLink {
    /// Who runs it: `demo`, `gemini`, `groq`, ….
    pub provider: &'static str,
    /// Its name on the wire.
    pub model: String,
    /// Its name as a person reads it: the provider's, or more where that would not tell it from its
    /// neighbours.
    pub name: String,
    /// Tokens that it reads at most.
    pub window: usize,
    /// Whether it can be given pictures.
    pub takes_pictures: bool,
}

impl ModelLink {
    /// A link of the chain that goes by its provider's name.
    pub fn of(spec: &LinkSpec) -> Self {
        let provider = spec.provider;
        Self {
            provider: provider.id(),
            model: spec.model.clone(),
            name: provider.name().to_owned(),
            window: spec.window,
            takes_pictures: spec.sees(),
        }
    }

    /// Name and model: `Groq llama-3.1-8b-instant`. The demo has no model behind it.
    pub fn title(&self) -> String {
        let told = self.is_demo() || self.name.ends_with(&self.model);
        if told {
            self.name.clone()
        } else {
            format!("{} {}", self.name, self.model)
        }
    }

    /// How settings and people choose it: `groq:llama-3.1-8b-instant`.
    pub fn key(&self) -> String {
        format!("{}:{}", self.provider, self.model)
    }

    /// Whether it is the built-in script.
    pub fn is_demo(&self) -> bool {
        self.provider == "demo"
    }
}

/// One thing in what a model is given.
#[derive(Debug, Clone, PartialEq)]
pub enum PromptMessage {
    /// How to behave.
    System(String),
    /// By the person, with the pictures beside it.
    User(String, Vec<PromptImage>),
    /// By the assistant.
    Assistant(String),
    /// The assistant asked for tools.
    Calls(Vec<ToolCall>),
    /// What a tool answered.
    Result {
        /// The call it answers.
        call_id: String,
        /// What the model is told.
        text: String,
    },
}

/// A picture that the person attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptImage {
    /// Its media type: PNG, JPEG, GIF or WebP.
    pub media_type: String,
    /// What its owner calls it.
    pub name: String,
    /// Its content.
    pub bytes: Bytes,
}

/// A tool that a model wants to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// Names this call in its answer.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Its arguments: a JSON object, or whatever else the model wrote.
    pub arguments: Value,
    /// What the provider wants back with the call, opaque to us (Gemini's thought signatures).
    pub signatures: Vec<String>,
}

/// What a model is asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelRequest {
    /// Everything said so far, oldest first.
    pub said: Vec<PromptMessage>,
    /// The tools it may ask for.
    pub tools: Vec<ToolDefinition>,
}

impl ModelRequest {
    /// The request as `link` can be given it, and the pictures of the last message that it cannot
    /// see, by name. In place of a picture it reads that there is one.
    pub fn seen_by(&self, link: &ModelLink) -> (Self, Vec<String>) {
        let mut request = self.clone();
        let mut unseen = Vec::new();
        for said in request.said.iter_mut().filter(|_| !link.takes_pictures) {
            if let PromptMessage::User(text, pictures) = said {
                unseen = pictures.drain(..).map(|picture| picture.name).collect();
                text.extend(unseen.iter().map(|name| {
                    format!("\n\n[The person attached the picture “{name}”, which you cannot see.]")
                }));
            }
        }
        (request, unseen)
    }
}

/// Tokens that a request cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Read by the model.
    pub input_tokens: i64,
    /// Written by the model.
    pub output_tokens: i64,
    /// Whether they were counted by us because the provider gave none.
    pub estimated: bool,
}

/// What comes from a model while it answers. An answer is whole exactly when `End` was seen.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelEvent {
    /// More text.
    Text(String),
    /// A tool is wanted.
    Call(ToolCall),
    /// It works without saying anything yet.
    Thinking,
    /// The answer is whole.
    End {
        /// What it cost, where the provider said so.
        usage: Option<Usage>,
        /// Whether the model stopped at its length limit.
        cut_short: bool,
    },
}

vocabulary! {
    /// What kind of failure it was.
    ErrorClass {
        /// Too many requests or tokens (429).
        RateLimit = "rate_limit",
        /// The key is wrong or may not do that (401, 403).
        Auth = "auth",
        /// No answer in time.
        Timeout = "timeout",
        /// The provider could not be reached, or the answer was cut off.
        Network = "network",
        /// The provider failed (5xx).
        Server = "server",
        /// The provider did not accept the request (400, 404, 422).
        BadRequest = "bad_request",
        /// The provider declined to answer.
        ContentFilter = "content_filter",
    }
}

/// Why a model did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ModelError {
    /// What kind of failure.
    pub class: ErrorClass,
    /// What the provider said.
    pub message: String,
    /// The HTTP status, if there was one.
    pub status: Option<u16>,
    /// After how many seconds the provider wants to be asked again.
    pub retry_after_s: Option<u64>,
}

impl ModelError {
    /// A failure that says no more than this.
    pub fn plain(class: ErrorClass, message: &str) -> Self {
        Self {
            class,
            message: message.to_owned(),
            status: None,
            retry_after_s: None,
        }
    }

    /// What happened, to stand behind the model's name: `is over its limit (429)`.
    pub fn sentence(&self) -> String {
        let what = match self.class {
            ErrorClass::RateLimit => "is over its limit",
            ErrorClass::Auth => "refused the key",
            ErrorClass::Timeout => "did not answer in time",
            ErrorClass::Network => "could not be reached",
            ErrorClass::Server => "failed",
            ErrorClass::BadRequest => "did not accept the request",
            ErrorClass::ContentFilter => "declined to answer",
        };
        self.status
            .map_or_else(|| what.to_owned(), |status| format!("{what} ({status})"))
    }
}

/// A model that can be asked.
pub trait Model: Send + Sync {
    /// Which one it is.
    fn link(&self) -> &ModelLink;

    /// Asks it. The stream ends after `End` or the first error.
    fn ask(&self, request: ModelRequest) -> BoxStream<'static, Result<ModelEvent, ModelError>>;
}
