//! What processes say to each other, as texts of at most [`PAYLOAD_MAX`] bytes that begin with who
//! says it.

use crate::{
    domain::ids::{ConversationId, MessageId, UserId},
    server::{
        feed::AnswerDelta,
        store::{Hint, PAYLOAD_MAX},
    },
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Most text in one piece, in bytes; escaped it may be longer and is then divided.
const TEXT_MAX: usize = 6_000;
/// Most people in one word; an id takes 39 bytes.
const PEOPLE_MAX: usize = 180;

/// About answers that grow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum AnswerSignal {
    /// The answers of these people are wanted, for a while.
    Wants {
        /// Whose.
        users: Vec<UserId>,
        /// From their beginning, not only what comes.
        anew: bool,
        /// Who hears it says what it wants itself.
        hello: bool,
    },
    /// Text of an answer.
    Text {
        /// Whose.
        user: UserId,
        /// Where.
        conversation: ConversationId,
        /// Of which message.
        message: MessageId,
        /// At which byte it begins.
        offset: usize,
        /// The text.
        text: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Envelope<W> {
    from: String,
    word: W,
}

fn said(from: &str, word: &AnswerSignal) -> String {
    serde_json::to_string(&Envelope {
        from: from.to_owned(),
        word,
    })
    .expect("words are plain values")
}

/// That the answers of these people are wanted.
pub(super) fn wants(from: &str, users: &[UserId], anew: bool, hello: bool) -> Vec<String> {
    let parts = if users.is_empty() {
        vec![&[][..]]
    } else {
        users.chunks(PEOPLE_MAX).collect()
    };
    parts
        .into_iter()
        .map(|users| {
            said(
                from,
                &AnswerSignal::Wants {
                    users: users.to_vec(),
                    anew,
                    hello,
                },
            )
        })
        .collect()
}

/// A piece of an answer, divided where it is too long.
pub(super) fn text(from: &str, piece: &AnswerDelta) -> Vec<String> {
    let AnswerDelta {
        user,
        conversation,
        message,
        offset,
        ref text,
    } = *piece;
    let whole = || {
        said(
            from,
            &AnswerSignal::Text {
                user,
                conversation,
                message,
                offset,
                text: text.clone(),
            },
        )
    };
    let fits = (text.len() <= TEXT_MAX)
        .then(whole)
        .filter(|payload| payload.len() <= PAYLOAD_MAX);
    fits.map_or_else(
        || {
            let middle = text.floor_char_boundary((text.len() / 2).min(TEXT_MAX));
            let (head, tail) = text.split_at(middle);
            let part = |offset, text: &str| AnswerDelta {
                offset,
                text: text.to_owned(),
                ..*piece
            };
            [
                self::text(from, &part(offset, head)),
                self::text(from, &part(offset + middle, tail)),
            ]
            .concat()
        },
        |payload| vec![payload],
    )
}

/// What another process said about answers; nothing that does not read. Of our own only that
/// something was said.
pub(super) fn word(origin: &str, payload: &str) -> Option<AnswerSignal> {
    let said: Envelope<AnswerSignal> = serde_json::from_str(payload).ok()?;
    (said.from != origin).then_some(said.word)
}

/// Whose feed has moved: the origin, then `user:rev:access` for each person.
pub(super) fn hints(from: &str, hints: &HashMap<UserId, Hint>) -> Vec<String> {
    let mut payloads: Vec<String> = Vec::new();
    for (user, hint) in hints {
        let word = format!(" {user}:{}:{}", hint.rev, u8::from(hint.access));
        match payloads.last_mut() {
            Some(last) if last.len() + word.len() <= PAYLOAD_MAX => last.push_str(&word),
            _ => payloads.push(format!("{from}{word}")),
        }
    }
    payloads
}

/// What another process told of feeds; nothing of our own, and nothing that does not read.
pub(super) fn told(origin: &str, payload: &str) -> Vec<(UserId, Hint)> {
    let mut words = payload.split(' ');
    if words.next() == Some(origin) {
        return Vec::new();
    }
    let hint = |word: &str| {
        let mut parts = word.split(':');
        let user = parts.next()?.parse().ok()?;
        let rev = parts.next()?.parse().ok()?;
        Some((
            user,
            Hint {
                rev,
                access: parts.next()? == "1",
            },
        ))
    };
    words.filter_map(hint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn user(number: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn hints_read_what_they_write_and_pass_over_their_own_and_nonsense() {
        let all: HashMap<UserId, Hint> = (0..400)
            .map(|n| {
                (
                    user(n),
                    Hint {
                        rev: n as i64,
                        access: n % 2 == 0,
                    },
                )
            })
            .collect();
        let payloads = hints("me", &all);
        assert!(payloads.len() > 1 && payloads.iter().all(|payload| payload.len() <= PAYLOAD_MAX));
        let read: HashMap<UserId, Hint> = payloads
            .iter()
            .flat_map(|payload| told("you", payload))
            .collect();
        assert_eq!(read, all);
        assert_eq!(
            payloads
                .iter()
                .flat_map(|payload| told("me", payload))
                .count(),
            0
        );
        assert_eq!(told("me", "you x:1:0 :: 7").len(), 0);
    }

    #[test]
    fn wants_are_divided_and_nobody_is_one_word_too() {
        let all: Vec<UserId> = (0..400).map(user).collect();
        let payloads = wants("me", &all, true, false);
        assert!(payloads.len() > 1 && payloads.iter().all(|payload| payload.len() <= PAYLOAD_MAX));
        let read = payloads.iter().filter_map(|payload| word("you", payload));
        let read: Vec<UserId> = read
            .flat_map(|word| {
                if let AnswerSignal::Wants { users, .. } = word {
                    users
                } else {
                    Vec::new()
                }
            })
            .collect();
        assert_eq!(read, all);
        assert_eq!(
            (
                wants("me", &[], false, false).len(),
                word("me", &wants("me", &[], false, false)[0])
            ),
            (1, None)
        );
        assert_eq!(
            word("me", "{\"from\":\"you\",\"word\":{\"Sings\":{}}}"),
            None
        );
    }

    proptest! {
        #[test]
        fn a_text_of_any_characters_arrives_whole_in_pieces_that_fit(text in "[\\x00-\\x1fa-zé€😀\"\\\\]{0,4000}") {
            let conversation = ConversationId::from_uuid(Uuid::nil());
            let piece = AnswerDelta { user: user(1), conversation, message: MessageId::from_uuid(Uuid::nil()), offset: 7, text: text.clone() };
            let (mut whole, mut at) = (String::new(), 7);
            for payload in super::text("me", &piece) {
                prop_assert!(payload.len() <= PAYLOAD_MAX && !payload.contains('\0'));
                let Some(AnswerSignal::Text { offset, text, .. }) = word("you", &payload) else { panic!("{payload}") };
                prop_assert_eq!(offset, at);
                at += text.len();
                whole.push_str(&text);
            }
            prop_assert_eq!(whole, text);
        }
    }
}
