//! A model's reasoning: an entry of its own below the entry of the model call, never part of the
//! answer and never sent to a model.

use super::{model::ModelLink, turn_log::TurnLog};
use crate::{
    domain::{DETAILS_MAX_BYTES, elapsed_words, ids::EntryId, nul, time::Timestamp},
    server::base::masking::MaskingStream,
};

/// Maximum size of the text that is kept, in bytes; the rest of the details is for the note.
const TEXT_MAX_BYTES: usize = DETAILS_MAX_BYTES - 64;
/// Size of the text at the first update of the entry, in bytes. Each further update follows when
/// the text has doubled, so that all of them together are at most twice as long as the text.
const FIRST_UPDATE_BYTES: usize = 256;
/// Maximum number of entries for one model call; the last one takes what else the model thinks.
const ENTRIES_MAX: usize = 8;

/// Writes the reasoning of one model call.
pub(super) struct ReasoningWriter<'a> {
    turn_log: &'a TurnLog<'a>,
    link: &'a ModelLink,
    call: Option<EntryId>,
    open: Option<Thought>,
    entries: usize,
    bytes: usize,
}

/// Reasoning without a break.
struct Thought {
    entry: Option<EntryId>,
    started: Timestamp,
    /// Masks secrets in the text.
    masking: MaskingStream,
    text: String,
    bytes_left_out: usize,
    update_at: usize,
}

impl<'a> ReasoningWriter<'a> {
    /// Writes below the entry `call`.
    pub(super) const fn new(
        turn_log: &'a TurnLog<'a>,
        link: &'a ModelLink,
        call: Option<EntryId>,
    ) -> Self {
        Self {
            turn_log,
            link,
            call,
            open: None,
            entries: 0,
            bytes: 0,
        }
    }

    /// Adds reasoning; the first visible text creates the entry.
    pub(super) async fn add(&mut self, mut text: String) {
        self.bytes = self.bytes.saturating_add(text.len());
        nul::clean(&mut text);
        if self.open.is_none() {
            if text.trim().is_empty() {
                return;
            }
            self.entries += 1;
            let entry = self.turn_log.reasoning_started(self.link, self.call).await;
            self.open = Some(Thought::new(entry, self.turn_log.now()));
        }
        let Some(thought) = &mut self.open else {
            return;
        };
        thought.add(&text);
        if thought.text.len() >= thought.update_at {
            thought.update_at = thought.text.len() * 2;
            self.turn_log
                .reasoning_grew(thought.entry, thought.details())
                .await;
        }
    }

    /// The model began to answer.
    pub(super) async fn pause(&mut self) {
        if self.entries < ENTRIES_MAX {
            self.end(true).await;
        }
    }

    /// The call ended; `complete` unless it was cut off.
    pub(super) async fn end(&mut self, complete: bool) {
        let Some(mut thought) = self.open.take() else {
            return;
        };
        let rest = thought.masking.finish();
        thought.append(&rest);
        let thinking_ms = self.turn_log.now().since(thought.started);
        let title = format!("Thought for {}", elapsed_words(thinking_ms.max(1_000)));
        self.turn_log
            .reasoning_ended(
                thought.entry,
                thought.started,
                title,
                thought.details(),
                complete,
            )
            .await;
    }

    /// The size of all reasoning in bytes.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Thought {
    fn new(entry: Option<EntryId>, started: Timestamp) -> Self {
        Self {
            entry,
            started,
            masking: MaskingStream::default(),
            text: String::new(),
            bytes_left_out: 0,
            update_at: FIRST_UPDATE_BYTES,
        }
    }

    /// Adds text; once some is left out, all that follows is.
    fn add(&mut self, text: &str) {
        if self.bytes_left_out > 0 {
            self.bytes_left_out += text.len();
        } else {
            let masked = self.masking.push(text);
            self.append(&masked);
        }
    }

    fn append(&mut self, masked: &str) {
        let room = match self.bytes_left_out {
            0 => TEXT_MAX_BYTES.saturating_sub(self.text.len()),
            _ => 0,
        };
        let end = masked.floor_char_boundary(room.min(masked.len()));
        self.text.push_str(&masked[..end]);
        self.bytes_left_out += masked.len() - end;
    }

    fn details(&self) -> String {
        let text = self.text.trim();
        match self.bytes_left_out {
            0 => text.to_owned(),
            bytes => format!("{text}\n… {bytes} bytes left out"),
        }
    }
}
