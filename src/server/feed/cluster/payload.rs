//! Payloads of notifications between processes: text of at most [`PAYLOAD_MAX`] bytes that names
//! its sender. Processes of different versions exchange them during an upgrade, so the names on the
//! wire stay.

use crate::{
    domain::ids::{ConversationId, MessageId, UserId},
    server::{
        feed::AnswerDelta,
        store::{Hint, PAYLOAD_MAX},
    },
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Most text in a payload, in bytes; if it is too long once escaped, it is split.
const TEXT_MAX_BYTES: usize = 6_000;
/// Most users in a payload; an id takes 39 bytes.
const MAX_USERS: usize = 180;

/// A notification about answers in progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum AnswerSignal {
    /// Subscribes to the answers of these users, for a limited time.
    #[serde(rename = "Wants")]
    Subscribe {
        /// The users.
        users: Vec<UserId>,
        /// Requests the whole text, not only new text.
        #[serde(rename = "anew")]
        from_start: bool,
        /// Asks receivers to send their own subscriptions.
        #[serde(rename = "hello")]
        wants_reply: bool,
    },
    /// Text of an answer.
    Text {
        /// Owner of the conversation.
        user: UserId,
        /// The conversation.
        conversation: ConversationId,
        /// The message.
        message: MessageId,
        /// Byte offset of the text in the message.
        offset: usize,
        /// The text.
        text: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Envelope<S> {
    from: String,
    #[serde(rename = "word")]
    signal: S,
}

fn encode(from: &str, signal: &AnswerSignal) -> String {
    serde_json::to_string(&Envelope {
        from: from.to_owned(),
        signal,
    })
    .expect("signals are plain values")
}

/// Encodes a subscription to the answers of these users.
pub(super) fn encode_subscribe(
    from: &str,
    users: &[UserId],
    from_start: bool,
    wants_reply: bool,
) -> Vec<String> {
    let chunks = if users.is_empty() {
        vec![&[][..]]
    } else {
        users.chunks(MAX_USERS).collect()
    };
    chunks
        .into_iter()
        .map(|users| {
            encode(
                from,
                &AnswerSignal::Subscribe {
                    users: users.to_vec(),
                    from_start,
                    wants_reply,
                },
            )
        })
        .collect()
}

/// Encodes text of an answer, split into several payloads if it is too long.
pub(super) fn encode_delta(from: &str, delta: &AnswerDelta) -> Vec<String> {
    let AnswerDelta {
        user,
        conversation,
        message,
        offset,
        ref text,
    } = *delta;
    let whole = || {
        encode(
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
    let fits = (text.len() <= TEXT_MAX_BYTES)
        .then(whole)
        .filter(|payload| payload.len() <= PAYLOAD_MAX);
    fits.map_or_else(
        || {
            let middle = text.floor_char_boundary((text.len() / 2).min(TEXT_MAX_BYTES));
            let (head, tail) = text.split_at(middle);
            let part = |offset, text: &str| AnswerDelta {
                offset,
                text: text.to_owned(),
                ..*delta
            };
            [
                encode_delta(from, &part(offset, head)),
                encode_delta(from, &part(offset + middle, tail)),
            ]
            .concat()
        },
        |payload| vec![payload],
    )
}

/// Decodes a notification about answers; `None` if it is this process's own or not valid.
pub(super) fn decode_signal(origin: &str, payload: &str) -> Option<AnswerSignal> {
    let envelope: Envelope<AnswerSignal> = serde_json::from_str(payload).ok()?;
    (envelope.from != origin).then_some(envelope.signal)
}

/// Encodes hints of changed feeds: the origin, then `user:rev:access` for each user.
pub(super) fn encode_hints(from: &str, hints: &HashMap<UserId, Hint>) -> Vec<String> {
    let mut payloads: Vec<String> = Vec::new();
    for (user, hint) in hints {
        let part = format!(" {user}:{}:{}", hint.rev, u8::from(hint.access));
        match payloads.last_mut() {
            Some(last) if last.len() + part.len() <= PAYLOAD_MAX => last.push_str(&part),
            _ => payloads.push(format!("{from}{part}")),
        }
    }
    payloads
}

/// Decodes hints of another process; none from this process's own or from parts that are not valid.
pub(super) fn decode_hints(origin: &str, payload: &str) -> Vec<(UserId, Hint)> {
    let mut parts = payload.split(' ');
    if parts.next() == Some(origin) {
        return Vec::new();
    }
    let hint = |part: &str| {
        let mut fields = part.split(':');
        let user = fields.next()?.parse().ok()?;
        let rev = fields.next()?.parse().ok()?;
        Some((
            user,
            Hint {
                rev,
                access: fields.next()? == "1",
            },
        ))
    };
    parts.filter_map(hint).collect()
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
    fn hints_round_trip_and_skip_own_and_invalid_ones() {
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
        let payloads = encode_hints("me", &all);
        assert!(payloads.len() > 1 && payloads.iter().all(|payload| payload.len() <= PAYLOAD_MAX));
        let read: HashMap<UserId, Hint> = payloads
            .iter()
            .flat_map(|payload| decode_hints("you", payload))
            .collect();
        assert_eq!(read, all);
        assert_eq!(
            payloads
                .iter()
                .flat_map(|payload| decode_hints("me", payload))
                .count(),
            0
        );
        assert_eq!(decode_hints("me", "you x:1:0 :: 7").len(), 0);
    }

    #[test]
    fn subscriptions_are_split_and_may_be_empty() {
        let all: Vec<UserId> = (0..400).map(user).collect();
        let payloads = encode_subscribe("me", &all, true, false);
        assert!(payloads.len() > 1 && payloads.iter().all(|payload| payload.len() <= PAYLOAD_MAX));
        let read = payloads
            .iter()
            .filter_map(|payload| decode_signal("you", payload));
        let read: Vec<UserId> = read
            .flat_map(|signal| {
                if let AnswerSignal::Subscribe { users, .. } = signal {
                    users
                } else {
                    Vec::new()
                }
            })
            .collect();
        assert_eq!(read, all);
        assert_eq!(
            (
                encode_subscribe("me", &[], false, false).len(),
                decode_signal("me", &encode_subscribe("me", &[], false, false)[0])
            ),
            (1, None)
        );
        assert_eq!(
            decode_signal("me", "{\"from\":\"you\",\"word\":{\"Sings\":{}}}"),
            None
        );
    }

    proptest! {
        #[test]
        fn text_of_any_characters_is_split_without_loss(
            text in "[\\x00-\\x1fa-zé€😀\"\\\\]{0,4000}",
        ) {
            let conversation = ConversationId::from_uuid(Uuid::nil());
            let delta = AnswerDelta {
                user: user(1),
                conversation,
                message: MessageId::from_uuid(Uuid::nil()),
                offset: 7,
                text: text.clone(),
            };
            let (mut whole, mut at) = (String::new(), 7);
            for payload in encode_delta("me", &delta) {
                prop_assert!(payload.len() <= PAYLOAD_MAX && !payload.contains('\0'));
                let decoded = decode_signal("you", &payload);
                let Some(AnswerSignal::Text { offset, text, .. }) = decoded else {
                    panic!("{payload}")
                };
                prop_assert_eq!(offset, at);
                at += text.len();
                whole.push_str(&text);
            }
            prop_assert_eq!(whole, text);
        }
    }
}
