//! Payloads of notifications between processes: text of at most [`PAYLOAD_MAX`] bytes that names
//! its sender. Processes of different versions exchange them during an upgrade: fields are only
//! added, at the end.

use crate::{
    domain::ids::UserId,
    server::store::{Hint, PAYLOAD_MAX},
};
use std::collections::HashMap;

/// Encodes hints of changed feeds: the origin, then `user:rev:access:part` for each user. One
/// payload without users if there are none.
pub(super) fn encode_hints(from: &str, hints: &HashMap<UserId, Hint>) -> Vec<String> {
    let mut payloads = vec![from.to_owned()];
    for (user, hint) in hints {
        let flags = (u8::from(hint.access), u8::from(hint.part));
        let part = format!(" {user}:{}:{}:{}", hint.rev, flags.0, flags.1);
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
                part: fields.next() == Some("1"),
            },
        ))
    };
    parts.filter_map(hint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
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
                        part: n % 3 == 0,
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
        let id = user(1);
        let old = decode_hints("me", &format!("you {id}:7:1"));
        assert_eq!((old[0].1.access, old[0].1.part), (true, false));
        assert_eq!(encode_hints("me", &HashMap::new()), ["me"]);
    }
}
