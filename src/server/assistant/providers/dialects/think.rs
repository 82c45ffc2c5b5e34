//! Tells the reasoning at the start of a text from the answer: `<think>…</think>`, in pieces.

use crate::server::assistant::model::ModelEvent;

/// The tags in which models write their reasoning.
const TAGS: [(&str, &str); 3] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
];
/// White space before a tag beyond this, in bytes, belongs to the answer.
const SPACE_MAX_BYTES: usize = 64;

#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Place {
    /// Before the first word.
    #[default]
    Start,
    /// In the reasoning, up to this tag.
    Inside(&'static str),
    /// Between the reasoning and the answer.
    After,
    /// In the answer, where a tag is text.
    Answer,
}

/// Splits the text of an answer into reasoning and answer.
#[derive(Debug, Default)]
pub(super) struct ThinkFilter {
    place: Place,
    /// Text that may become a tag; only a few bytes.
    held: String,
}

impl ThinkFilter {
    /// Takes more text and appends what it means to `events`.
    pub(super) fn add(&mut self, text: &str, events: &mut Vec<ModelEvent>) {
        self.held.push_str(text);
        while self.step(events) {}
    }

    /// Appends what is held when the text is over.
    pub(super) fn finish(&mut self, events: &mut Vec<ModelEvent>) {
        let held = std::mem::take(&mut self.held);
        match self.place {
            Place::Inside(_) => push(events, ModelEvent::Reasoning, held),
            Place::Start | Place::Answer => push(events, ModelEvent::Text, held),
            Place::After => {}
        }
    }

    /// Consumes a part of the held text; `false` if more text is needed.
    fn step(&mut self, events: &mut Vec<ModelEvent>) -> bool {
        match self.place {
            Place::Start => self.start(),
            Place::Inside(close) => self.inside(close, events),
            Place::After => {
                let answer = self.held.trim_start();
                if answer.is_empty() {
                    self.held.clear();
                    return false;
                }
                self.held = answer.to_owned();
                self.place = Place::Answer;
                true
            }
            Place::Answer => {
                push(events, ModelEvent::Text, std::mem::take(&mut self.held));
                false
            }
        }
    }

    fn start(&mut self) -> bool {
        let text = self.held.trim_start();
        let opened = TAGS
            .iter()
            .find_map(|(open, close)| Some((*close, text.strip_prefix(open)?)));
        if let Some((close, rest)) = opened {
            self.held = rest.to_owned();
            self.place = Place::Inside(close);
            return true;
        }
        let may_become_a_tag = TAGS.iter().any(|(open, _)| open.starts_with(text));
        if may_become_a_tag && self.held.len() <= SPACE_MAX_BYTES {
            return false;
        }
        self.place = Place::Answer;
        true
    }

    fn inside(&mut self, close: &'static str, events: &mut Vec<ModelEvent>) -> bool {
        if let Some((thought, rest)) = self.held.split_once(close) {
            let (thought, rest) = (thought.to_owned(), rest.to_owned());
            push(events, ModelEvent::Reasoning, thought);
            self.held = rest;
            self.place = Place::After;
            return true;
        }
        let begun = (1..close.len())
            .rev()
            .filter_map(|length| close.get(..length))
            .find(|begun| self.held.ends_with(begun))
            .unwrap_or_default();
        let thought = self.held.strip_suffix(begun).unwrap_or_default().to_owned();
        self.held = begun.to_owned();
        push(events, ModelEvent::Reasoning, thought);
        false
    }
}

fn push(events: &mut Vec<ModelEvent>, event: fn(String) -> ModelEvent, text: String) {
    if !text.is_empty() {
        events.push(event(text));
    }
}
