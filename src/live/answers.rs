//! The text of answers that are being written: what the message's row says, overlaid by what has
//! come since.

use crate::domain::{Message, MessageStatus, ids::MessageId};
use std::collections::HashMap;

/// Text by message, the longest known; only of messages that are still being written.
pub type Answers = HashMap<MessageId, String>;

/// Takes in a message's row: the longer text stays, and a finished message has no live text.
pub(super) fn take_row(answers: &mut Answers, message: &Message) -> bool {
    if message.status != MessageStatus::Streaming {
        return answers.remove(&message.id).is_some();
    }
    let held = answers.entry(message.id).or_default();
    let longer = message.content.len() > held.len();
    if longer {
        held.clone_from(&message.content);
    }
    longer
}

/// Takes in text that begins at byte `offset`; only what is new is appended. Text that leaves a
/// hole waits for the next row. Says whether anything changed.
pub(super) fn take_text(
    answers: &mut Answers,
    message: MessageId,
    offset: usize,
    text: &str,
) -> bool {
    let held = answers.get(&message).map_or(0, String::len);
    let Some(new) = held.checked_sub(offset).and_then(|known| text.get(known..)) else {
        return false;
    };
    if !new.is_empty() {
        answers.entry(message).or_default().push_str(new);
    }
    !new.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn text_grows_by_what_is_new_and_never_with_a_hole() {
        let id = MessageId::from_uuid(Uuid::from_u128(1));
        let mut answers = Answers::new();
        for (offset, text, whole) in [
            (3, "lost", None),
            (0, "Hé", Some("Hé")),
            (0, "Hé", Some("Hé")),
            (1, "éllo", Some("Héllo")),
            (2, "x", Some("Héllo")),
            (9, "hole", Some("Héllo")),
            (6, "!", Some("Héllo!")),
        ] {
            take_text(&mut answers, id, offset, text);
            assert_eq!(
                answers.get(&id).map(String::as_str),
                whole,
                "{offset} {text}"
            );
        }
    }
}
