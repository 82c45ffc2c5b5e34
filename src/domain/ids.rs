//! Ids: one newtype per kind, so that they cannot be confused. All are UUIDs; version 7 ones sort
//! by creation time (RFC 9562, section 5.7).

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// The text is not a UUID in its hyphenated form.
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
            /// Wraps a UUID.
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

id!(/** A user account. */ UserId);
id!(/** A conversation. */ ConversationId);
id!(/** A message of a conversation. */ MessageId);
id!(/** A work log entry. */ EntryId);
id!(/** A turn: a user's message and all the work that answers it. */ TurnId);
id!(/** An event of the audit log. */ AuditId);
id!(/** A stored file: a picture, sound or video. */ FileId);

impl EntryId {
    /// The next higher id, to make an exclusive upper bound inclusive.
    pub const fn just_above(self) -> Self {
        Self(Uuid::from_u128(self.0.as_u128().saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_round_trips_and_other_text_is_rejected() {
        let text = "0190f0c0-7a4e-7cc3-98c4-dc0c0c07398f";
        assert_eq!(
            text.parse::<EntryId>().map(|id| id.to_string()),
            Ok(text.to_owned())
        );
        assert_eq!("42".parse::<EntryId>(), Err(InvalidId));
    }
}
