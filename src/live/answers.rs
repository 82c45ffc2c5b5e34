//! The text of answers that are being written: what the message's row says, and what has come
//! since.

use crate::domain::{AnswerGrowth, Message, MessageStatus, ids::MessageId, join_block};
use std::collections::HashMap;

/// Text by message; only of messages that are still being written.
pub type Answers = HashMap<MessageId, AnswerText>;

/// The text of one answer: HTML of what is finished, and the text behind it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswerText {
    /// The server's HTML of the finished blocks.
    pub html: String,
    /// The text behind them.
    pub rest: String,
    /// How many bytes of the text are in `html`.
    done: usize,
    /// The index of the next block; blocks that the row had in its HTML come too.
    next: usize,
}

/// Whether growth was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grown {
    /// It was.
    Yes,
    /// It was known.
    No,
    /// Something before it is missing, so it was not taken in.
    Missed,
}

impl AnswerText {
    /// Takes in a message's row: what is longer stays.
    pub fn take_row(&mut self, message: &Message) -> bool {
        if message.content.len() <= self.done + self.rest.len() {
            return false;
        }
        if message.html_bytes > self.done {
            self.html = message.html.clone().unwrap_or_default();
            self.done = message.html_bytes;
        }
        self.rest = text_after(&message.content, self.done);
        true
    }

    /// Takes in growth; text that is known is passed over.
    pub fn grow(&mut self, growth: &AnswerGrowth) -> Grown {
        match growth {
            AnswerGrowth::Text { offset, text } => {
                let end = self.done + self.rest.len();
                let Some(known) = end.checked_sub(*offset) else {
                    return Grown::Missed;
                };
                let new = text_after(text, known);
                self.rest.push_str(&new);
                if new.is_empty() {
                    Grown::No
                } else {
                    Grown::Yes
                }
            }
            AnswerGrowth::Block { index, .. } if *index > self.next => Grown::Missed,
            AnswerGrowth::Block { index, .. } if *index < self.next => Grown::No,
            AnswerGrowth::Block { html, up_to, .. } => {
                self.next += 1;
                if *up_to <= self.done {
                    return Grown::No;
                }
                join_block(&mut self.html, html);
                self.rest = text_after(&self.rest, up_to - self.done);
                self.done = *up_to;
                Grown::Yes
            }
        }
    }
}

fn text_after(text: &str, bytes: usize) -> String {
    text.get(bytes..).unwrap_or_default().to_owned()
}

/// Takes in a message's row; a finished message has no live text. Says whether anything changed.
pub(super) fn take_row(answers: &mut Answers, message: &Message) -> bool {
    if message.status != MessageStatus::Streaming {
        return answers.remove(&message.id).is_some();
    }
    answers.entry(message.id).or_default().take_row(message)
}

/// Takes in growth of an answer, which may come before its row.
pub(super) fn grow(answers: &mut Answers, message: MessageId, growth: &AnswerGrowth) -> Grown {
    answers.entry(message).or_default().grow(growth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(offset: usize, text: &str) -> AnswerGrowth {
        let text = text.to_owned();
        AnswerGrowth::Text { offset, text }
    }

    fn block(index: usize, html: &str, up_to: usize) -> AnswerGrowth {
        let html = html.to_owned();
        AnswerGrowth::Block { index, html, up_to }
    }

    #[test]
    fn text_grows_by_what_is_new_and_never_with_a_hole() {
        let mut answer = AnswerText::default();
        for (offset, new, grown, whole) in [
            (3, "lost", Grown::Missed, ""),
            (0, "Hé", Grown::Yes, "Hé"),
            (0, "Hé", Grown::No, "Hé"),
            (1, "éllo", Grown::Yes, "Héllo"),
            (2, "x", Grown::No, "Héllo"),
            (9, "hole", Grown::Missed, "Héllo"),
            (6, "!", Grown::Yes, "Héllo!"),
        ] {
            assert_eq!(answer.grow(&text(offset, new)), grown, "{offset} {new}");
            assert_eq!(answer.rest, whole, "{offset} {new}");
        }
    }

    #[test]
    fn blocks_replace_their_text_and_join_their_list() {
        let mut answer = AnswerText::default();
        for (growth, grown, html, rest) in [
            (text(0, "- a\n- b"), Grown::Yes, "", "- a\n- b"),
            (block(1, "<p>lost</p>\n", 9), Grown::Missed, "", "- a\n- b"),
            (
                block(0, "<ul>\n<li>a</li>\n</ul>\n", 4),
                Grown::Yes,
                "<ul>\n<li>a</li>\n</ul>\n",
                "- b",
            ),
            (
                block(0, "<p>known</p>\n", 4),
                Grown::No,
                "<ul>\n<li>a</li>\n</ul>\n",
                "- b",
            ),
            (
                block(1, "<ul>\n<li>bc</li>\n</ul>\n", 9),
                Grown::Yes,
                "<ul>\n<li>a</li>\n<li>bc</li>\n</ul>\n",
                "",
            ),
            (
                text(9, "d"),
                Grown::Yes,
                "<ul>\n<li>a</li>\n<li>bc</li>\n</ul>\n",
                "d",
            ),
        ] {
            assert_eq!(answer.grow(&growth), grown, "{growth:?}");
            assert_eq!((answer.html.as_str(), answer.rest.as_str()), (html, rest));
        }
    }

    #[test]
    fn blocks_go_on_where_the_html_of_the_row_ends() {
        let mut answer = AnswerText::default();
        let id = "00000000-0000-0000-0000-000000000001";
        let row = json!({
            "id": id, "conversationId": id, "role": "assistant", "status": "streaming",
            "content": "a\n\nb", "html": "<p>a</p>\n", "htmlBytes": 3, "rev": 1,
            "createdAt": "2026-11-24T09:30:00Z", "updatedAt": "2026-11-24T09:30:00Z"
        });
        let row = Message::read(&row).unwrap();
        assert!(answer.take_row(&row) && !answer.take_row(&row));
        assert_eq!(answer.grow(&block(0, "<p>a</p>\n", 3)), Grown::No);
        assert_eq!(answer.grow(&block(1, "<p>b</p>\n", 6)), Grown::Yes);
        assert_eq!(answer.html, "<p>a</p>\n<p>b</p>\n");
        assert_eq!(answer.grow(&text(6, "c")), Grown::Yes);
        assert!(!answer.take_row(&row), "what is longer stays");
        assert_eq!(answer.rest, "c");
    }
}
