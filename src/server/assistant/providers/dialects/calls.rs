//! Collects the tool calls of an answer from its fragments, in every shape in which servers send
//! them.

use crate::server::assistant::model::ToolCall;
use serde_json::{Map, Value};

/// Maximum number of calls in an answer; more are ignored.
pub const CALLS_MAX: usize = 64;
/// Maximum length of the arguments of a call, in bytes.
pub const ARGUMENTS_MAX_BYTES: usize = 64 * 1_024;
/// Maximum length of a call's id and of a tool's name, in characters.
const NAME_MAX_CHARS: usize = 256;
/// Replaces arguments that are too long; not an object, so the call is refused.
pub const TOO_LONG: &str = "The arguments are longer than 64 KiB and were not read.";

/// A part of a call.
#[derive(Debug, Default)]
pub(super) struct CallFragment<'a> {
    /// The id of the call; empty if the fragment has none.
    pub(super) id: &'a str,
    pub(super) index: Option<u64>,
    /// The tool; empty if the fragment does not name it.
    pub(super) name: &'a str,
    pub(super) arguments: Option<&'a Value>,
    /// The position of the fragment among those that came together, counted from the end.
    pub(super) from_end: usize,
    /// Opaque data to send back with the call.
    pub(super) signature: Option<&'a str>,
}

#[derive(Debug, Default)]
struct PartialCall {
    id: String,
    index: Option<u64>,
    name: String,
    /// Arguments sent as text.
    text: String,
    /// Arguments sent as an object.
    object: Option<Value>,
    too_long: bool,
    signatures: Vec<String>,
}

/// The calls of an answer.
#[derive(Debug, Default)]
pub(super) struct CallCollector {
    calls: Vec<PartialCall>,
    /// A call was ignored, because there are too many.
    full: bool,
}

impl CallCollector {
    /// Adds a fragment to the call it belongs to: by id, else by index, else by position.
    pub(super) fn add(&mut self, fragment: &CallFragment<'_>) {
        match self.find(fragment).and_then(|at| self.calls.get_mut(at)) {
            Some(call) => call.add(fragment),
            None => self.add_whole(fragment),
        }
    }

    /// Begins a call with this fragment.
    pub(super) fn add_whole(&mut self, fragment: &CallFragment<'_>) {
        if self.calls.len() >= CALLS_MAX {
            self.full = true;
            return;
        }
        let mut call = PartialCall::default();
        call.add(fragment);
        self.calls.push(call);
    }

    /// The calls, in the order in which they began. A call without an id has an empty one.
    pub(super) fn take(&mut self) -> Vec<ToolCall> {
        let calls = std::mem::take(&mut self.calls).into_iter();
        calls
            .filter(|call| !call.is_empty())
            .map(PartialCall::finish)
            .collect()
    }

    fn find(&self, fragment: &CallFragment<'_>) -> Option<usize> {
        let names_a_tool = !fragment.name.is_empty();
        if !fragment.id.is_empty() {
            let same = |call: &PartialCall| {
                let index_agrees = call.index.is_none()
                    || fragment.index.is_none()
                    || call.index == fragment.index;
                call.id == fragment.id && index_agrees
            };
            return match self.calls.iter().rposition(same) {
                Some(at) => Some(at),
                None if names_a_tool => self.with_index(fragment).filter(|at| {
                    let call = self.calls.get(*at);
                    call.is_some_and(|call| call.id.is_empty() && call.name.is_empty())
                }),
                // Some servers make up an id for each fragment.
                None => self
                    .with_index(fragment)
                    .or_else(|| self.by_position(fragment)),
            };
        }
        let found = match fragment.index {
            Some(_) => self.with_index(fragment),
            None if names_a_tool => self.calls.len().checked_sub(1),
            None => return self.by_position(fragment),
        };
        found.filter(|at| {
            let call = self.calls.get(*at);
            let continues = |call: &PartialCall| !call.is_followed_by(fragment);
            call.is_some_and(continues)
        })
    }

    fn with_index(&self, fragment: &CallFragment<'_>) -> Option<usize> {
        let index = fragment.index?;
        self.calls
            .iter()
            .rposition(|call| call.index == Some(index))
    }

    fn by_position(&self, fragment: &CallFragment<'_>) -> Option<usize> {
        if self.full {
            return None;
        }
        self.calls.len().checked_sub(fragment.from_end.max(1))
    }
}

impl PartialCall {
    /// Whether a fragment that could belong to this call begins the next one.
    fn is_followed_by(&self, fragment: &CallFragment<'_>) -> bool {
        if fragment.name.is_empty() {
            return false;
        }
        let has_arguments = self.object.is_some() || !self.text.is_empty();
        if fragment.index.is_none() && self.index.is_some() {
            return true;
        }
        if self.name != fragment.name {
            return !self.name.is_empty() && (has_arguments || fragment.index.is_none());
        }
        match fragment.arguments {
            Some(Value::Object(_)) => has_arguments,
            Some(Value::String(text)) => {
                self.text.trim_end().ends_with('}') && text.trim_start().starts_with('{')
            }
            _ => false,
        }
    }

    fn add(&mut self, fragment: &CallFragment<'_>) {
        if self.id.is_empty() {
            self.id = fragment.id.chars().take(NAME_MAX_CHARS).collect();
        }
        self.index = self.index.or(fragment.index);
        if self.name != fragment.name {
            let room = NAME_MAX_CHARS.saturating_sub(self.name.chars().count());
            self.name.extend(fragment.name.chars().take(room));
        }
        match fragment.arguments {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => self.add_text(text),
            Some(object @ Value::Object(_)) => self.set_object(object),
            Some(other) => self.add_text(&other.to_string()),
        }
        let signature = fragment
            .signature
            .filter(|text| text.len() <= ARGUMENTS_MAX_BYTES && self.signatures.len() < CALLS_MAX);
        self.signatures.extend(signature.map(str::to_owned));
    }

    fn add_text(&mut self, text: &str) {
        if self.too_long || self.text.len() + text.len() > ARGUMENTS_MAX_BYTES {
            self.too_long = true;
            self.text = String::new();
        } else {
            self.text.push_str(text);
        }
    }

    fn set_object(&mut self, object: &Value) {
        if object.to_string().len() > ARGUMENTS_MAX_BYTES {
            self.too_long = true;
        } else if object.as_object().is_some_and(|map| !map.is_empty()) || self.object.is_none() {
            self.object = Some(object.clone());
        }
    }

    fn is_empty(&self) -> bool {
        let has_arguments = self.too_long || self.object.is_some() || !self.text.is_empty();
        self.name.is_empty() && !has_arguments
    }

    fn finish(self) -> ToolCall {
        let from_text = || parse_arguments(&self.text);
        let arguments = match self.object {
            _ if self.too_long => Value::String(TOO_LONG.to_owned()),
            // An empty object at the beginning may be followed by text.
            Some(object) if self.text.trim().is_empty() => object,
            Some(Value::Object(map)) if !map.is_empty() => Value::Object(map),
            _ => from_text(),
        };
        ToolCall {
            id: self.id,
            name: self.name,
            arguments,
            signatures: self.signatures,
        }
    }
}

/// The arguments in a text: an object, an empty one for nothing, else the text itself.
fn parse_arguments(text: &str) -> Value {
    let parsed = match object_in(text) {
        // An object in a string in a string.
        Some(Value::String(inner)) => object_in(&inner),
        other => other,
    };
    match parsed {
        Some(object @ Value::Object(_)) => object,
        _ => Value::String(text.to_owned()),
    }
}

/// The first object with a member, whatever follows it; an empty object for nothing; a string.
fn object_in(text: &str) -> Option<Value> {
    let text = without_fence(text.trim());
    let mut is_empty = text.is_empty();
    let values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    for value in values.take(CALLS_MAX) {
        match value {
            Ok(Value::Object(map)) if map.is_empty() => is_empty = true,
            Ok(Value::Null) => is_empty = true,
            Ok(Value::Array(list)) if list.is_empty() => is_empty = true,
            Ok(value @ (Value::Object(_) | Value::String(_))) => return Some(value),
            Ok(_) => return None,
            Err(_) => break,
        }
    }
    is_empty.then(|| Value::Object(Map::new()))
}

/// A text without the Markdown fence that some models put around it.
fn without_fence(text: &str) -> &str {
    let Some(inner) = text.strip_prefix("```") else {
        return text;
    };
    let inner = inner.strip_prefix("json").unwrap_or(inner);
    inner.strip_suffix("```").unwrap_or(inner).trim()
}
