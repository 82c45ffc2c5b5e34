//! Reads and writes the three protocols of model servers: OpenAI's chat completions, Gemini's
//! `streamGenerateContent`, and Anthropic's messages. Pure: a request becomes JSON, bytes become
//! events. A stream is never trusted: whatever it sends, reading it ends without a panic and keeps
//! a bounded amount of memory.

mod anthropic;
mod calls;
mod gemini;
mod openai;
mod request;
mod state;
mod think;

use super::{
    errors,
    sse::{SseEvent, SseReader},
};
use crate::server::assistant::{
    link::ProviderKind,
    model::{ErrorClass, ModelError, ModelEvent, ModelRequest},
};
pub use calls::{ARGUMENTS_MAX_BYTES, CALLS_MAX, TOO_LONG};
use serde_json::Value;
use state::AnswerState;

/// Part of a stream.
pub type StreamItem = Result<ModelEvent, ModelError>;

/// The protocol of a model server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// OpenAI's chat completions, which most servers understand.
    OpenAi,
    /// Gemini's `streamGenerateContent`.
    Gemini,
    /// Anthropic's messages.
    Anthropic,
}

/// What a request is made of besides its messages and tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestForm<'a> {
    /// The model's name in the API.
    pub model: &'a str,
    /// Whether optional settings are sent.
    pub options: bool,
    /// Whether ids of calls must have Mistral's form.
    pub short_ids: bool,
}

impl Dialect {
    /// The protocol of a provider.
    pub const fn of(provider: ProviderKind) -> Self {
        match provider {
            ProviderKind::Gemini => Self::Gemini,
            ProviderKind::Anthropic => Self::Anthropic,
            _ => Self::OpenAi,
        }
    }

    /// The path of a request below the base URL, and its query.
    pub fn path(self, model: &str) -> (String, Option<&'static str>) {
        match self {
            Self::OpenAi => ("chat/completions".to_owned(), None),
            Self::Anthropic => ("messages".to_owned(), None),
            Self::Gemini => {
                let model = model.strip_prefix("models/").unwrap_or(model);
                let path = format!("models/{model}:streamGenerateContent");
                (path, Some("alt=sse"))
            }
        }
    }

    /// The body of a request.
    pub fn body(self, request: &ModelRequest, form: RequestForm<'_>) -> Value {
        match self {
            Self::OpenAi => openai::body(request, form),
            Self::Gemini => gemini::body(request),
            Self::Anthropic => anthropic::body(request, form),
        }
    }
}

/// Reads the answer of a model server.
#[derive(Debug)]
pub struct StreamDecoder {
    dialect: Dialect,
    sse: SseReader,
    state: AnswerState,
    /// The last item has been given.
    is_over: bool,
}

/// What an event holds.
enum Frame {
    Json(Value),
    /// `[DONE]`.
    Done,
}

impl StreamDecoder {
    /// A decoder of one answer.
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            sse: SseReader::default(),
            state: AnswerState::default(),
            is_over: false,
        }
    }

    /// Reads more bytes of the stream.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<StreamItem> {
        let mut items = Vec::new();
        let mut events = Vec::new();
        let fed = if self.is_over {
            Ok(())
        } else {
            self.sse.feed(bytes, &mut events)
        };
        for event in &events {
            self.event(event, &mut items);
        }
        if fed.is_err() && !self.is_over {
            self.fail(
                ModelError::plain(ErrorClass::Server, "A part of the answer is over 1 MiB."),
                &mut items,
            );
        }
        items
    }

    /// Reads what is left when the connection has been closed. The answer is whole if the model
    /// said why it stopped.
    pub fn finish(&mut self) -> Vec<StreamItem> {
        let mut items = Vec::new();
        let mut events = Vec::new();
        self.sse.finish(&mut events);
        for event in &events {
            // A last event that cannot be read was cut off.
            if frames(&event.data).is_some() {
                self.event(event, &mut items);
            }
        }
        self.conclude(self.state.stop.is_some(), &mut items);
        items
    }

    /// Reads a body of JSON from a server that does not stream.
    pub fn read_json(&mut self, body: &[u8]) -> Vec<StreamItem> {
        let frames = std::str::from_utf8(body).ok().and_then(frame_in);
        let Some(frames) = frames else {
            let mut items = self.feed(body);
            items.extend(self.finish());
            return items;
        };
        let mut items = Vec::new();
        self.frames("", frames, &mut items);
        self.conclude(true, &mut items);
        items
    }

    /// Whether the model said that it stopped. Only the token counts may follow.
    pub fn has_stopped(&self) -> bool {
        self.state.stop.is_some()
    }

    /// Whether the answer, or its error, is complete.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    fn event(&mut self, event: &SseEvent, items: &mut Vec<StreamItem>) {
        let Some(frames) = frames(&event.data) else {
            self.fail(errors::unreadable(), items);
            return;
        };
        self.frames(&event.name, frames, items);
    }

    fn frames(&mut self, event: &str, frames: Vec<Frame>, items: &mut Vec<StreamItem>) {
        for frame in frames {
            if self.is_over {
                return;
            }
            match frame {
                Frame::Json(value) => {
                    let result = self.frame(event, &value);
                    self.pass_on(result, items);
                }
                Frame::Done => self.conclude(true, items),
            }
        }
    }

    /// Reads a frame. `Ok(true)` if the server says that it was the last.
    fn frame(&mut self, event: &str, frame: &Value) -> Result<bool, ModelError> {
        if let Some(error) = error_in(event, frame) {
            return Err(errors::from_body(error));
        }
        match self.dialect {
            Dialect::OpenAi => openai::read(frame, &mut self.state).map(|()| false),
            Dialect::Gemini => gemini::read(frame, &mut self.state).map(|()| false),
            Dialect::Anthropic => anthropic::read(frame, &mut self.state),
        }
    }

    fn pass_on(&mut self, result: Result<bool, ModelError>, items: &mut Vec<StreamItem>) {
        let events = std::mem::take(&mut self.state.events);
        items.extend(events.into_iter().map(Ok));
        match result {
            Ok(false) => {}
            Ok(true) => self.conclude(true, items),
            Err(error) => self.fail(error, items),
        }
    }

    fn conclude(&mut self, is_whole: bool, items: &mut Vec<StreamItem>) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        if is_whole {
            items.extend(self.state.finish().into_iter().map(Ok));
        } else {
            items.extend(self.state.take_text().into_iter().map(Ok));
            items.push(Err(errors::cut_off()));
        }
    }

    fn fail(&mut self, error: ModelError, items: &mut Vec<StreamItem>) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        items.extend(self.state.take_text().into_iter().map(Ok));
        items.push(Err(error));
    }
}

/// The frames in the data of an event: one, one a line, or those of a list. `None` if they cannot
/// be read.
fn frames(data: &str) -> Option<Vec<Frame>> {
    let data = data.trim();
    if data.is_empty() {
        return Some(Vec::new());
    }
    if let Some(frame) = frame_in(data) {
        return Some(frame);
    }
    let lines = data.lines().filter(|line| !line.trim().is_empty());
    let frames: Option<Vec<_>> = lines.map(frame_in).collect();
    frames.map(|frames| frames.into_iter().flatten().collect())
}

fn frame_in(text: &str) -> Option<Vec<Frame>> {
    match serde_json::from_str(text) {
        _ if text.trim() == "[DONE]" => Some(vec![Frame::Done]),
        Ok(Value::Array(list)) => Some(list.into_iter().map(Frame::Json).collect()),
        Ok(value) => Some(vec![Frame::Json(value)]),
        Err(_) => None,
    }
}

/// The error that a frame reports. A field that is null or empty reports none.
fn error_in<'a>(event: &str, frame: &'a Value) -> Option<&'a Value> {
    let says_nothing = |error: &Value| match error {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    };
    let has_error = frame.get("error").is_some_and(|error| !says_nothing(error));
    let is_error = |name| frame.get(name).and_then(Value::as_str) == Some("error");
    let is_named = event == "error" && frame.is_object();
    (has_error || is_named || is_error("object") || is_error("type")).then_some(frame)
}
