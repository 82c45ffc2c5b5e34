//! What has been read of an answer so far; the three dialects write into it.

use super::{calls::CallCollector, think::ThinkFilter};
use crate::server::assistant::model::{ErrorClass, ModelError, ModelEvent, Usage};
use serde_json::Value;

/// Token counts beyond this are not believed.
const TOKENS_MAX: f64 = 1e9;

/// Why a model stopped, where that is not an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopCause {
    /// It was done, or it waits for the results of its calls.
    Done,
    /// It reached its length limit.
    Length,
}

/// The answer as read so far.
#[derive(Debug, Default)]
pub(super) struct AnswerState {
    /// Events that have not been passed on.
    pub(super) events: Vec<ModelEvent>,
    pub(super) calls: CallCollector,
    pub(super) stop: Option<StopCause>,
    think: ThinkFilter,
    input_tokens: Option<i64>,
    output_tokens: Option<i64>,
}

impl AnswerState {
    /// Text of the answer.
    pub(super) fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.events.push(ModelEvent::Text(text.to_owned()));
        }
    }

    /// Text that may begin with reasoning in tags.
    pub(super) fn tagged_text(&mut self, text: &str) {
        self.think.add(text, &mut self.events);
    }

    /// Reasoning in a field of its own.
    pub(super) fn reasoning(&mut self, text: &str) {
        if !text.is_empty() {
            self.events.push(ModelEvent::Reasoning(text.to_owned()));
        }
    }

    /// The number of tokens read, if it is one.
    pub(super) fn input_tokens(&mut self, count: Option<i64>) {
        self.input_tokens = count.or(self.input_tokens);
    }

    /// The number of tokens written, if it is one.
    pub(super) fn output_tokens(&mut self, count: Option<i64>) {
        self.output_tokens = count.or(self.output_tokens);
    }

    /// The events of a complete answer.
    pub(super) fn finish(&mut self) -> Vec<ModelEvent> {
        self.think.finish(&mut self.events);
        let mut events = std::mem::take(&mut self.events);
        events.extend(self.calls.take().into_iter().map(ModelEvent::Call));
        let is_counted = self.input_tokens.is_some() || self.output_tokens.is_some();
        let usage = is_counted.then(|| Usage {
            input_tokens: self.input_tokens.unwrap_or(0),
            output_tokens: self.output_tokens.unwrap_or(0),
            estimated: false,
        });
        events.push(ModelEvent::End {
            usage,
            cut_short: self.stop == Some(StopCause::Length),
        });
        events
    }

    /// What was read of an answer that was cut off.
    pub(super) fn take_text(&mut self) -> Vec<ModelEvent> {
        self.think.finish(&mut self.events);
        std::mem::take(&mut self.events)
    }
}

/// A count of tokens.
pub(super) fn tokens(value: Option<&Value>) -> Option<i64> {
    let count = value?.as_f64()?;
    (0.0..=TOKENS_MAX).contains(&count).then_some(count as i64)
}

/// A string field; empty if it is missing or something else.
pub(super) fn string<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The elements of a field that is a list.
pub(super) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let list = value.get(name).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

/// The provider declined to answer, for a reason in its own word.
pub(super) fn declined(reason: &str) -> ModelError {
    let reason: String = reason.chars().take(64).collect();
    ModelError::plain(ErrorClass::ContentFilter, &format!("It stopped: {reason}."))
}
