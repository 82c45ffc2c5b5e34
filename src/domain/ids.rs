//! Addresses of things: one newtype per kind, so that a message's id cannot stand where an entry's
//! should. All are UUIDs; the version 7 ones sort by the time they were made (RFC 9562, section 5.7).

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// The text was not a UUID in its usual hyphenated form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a UUID such as 0190f0c0-7a4e-7cc3-98c4-dc0c0c07398f")]
pub struct InvalidId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The id that wraps `uuid`.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId)
            }
        }
    };
}

id!(/** A person with an account. */ UserId);
id!(/** A conversation. */ ConversationId);
id!(/** A message of a conversation. */ MessageId);
id!(/** A work log entry; also its public address. */ EntryId);
id!(/** A turn: a person's message and all the work that answers it. */ TurnId);
id!(/** A stored file: a picture, a sound or a film. */ FileId);

impl EntryId {
    /// The id right above this one: older than it is this one with all that is older.
    pub const fn just_above(self) -> Self {
        Self(Uuid::from_u128(self.0.as_u128().saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_what_it_writes_and_refuses_the_rest() {
        let text = "0190f0c0-7a4e-7cc3-98c4-dc0c0c07398f";
        assert_eq!(
            text.parse::<EntryId>().map(|id| id.to_string()),
            Ok(text.to_owned())
        );
        assert_eq!("42".parse::<EntryId>(), Err(InvalidId));
    }
}
