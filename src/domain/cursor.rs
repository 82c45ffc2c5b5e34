//! A client's position in its owner's feed.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};

/// Identifies a generation of the database. A restore from a backup sets a new epoch, so that a
/// cursor from before the restore is never mistaken for a current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Epoch(u64);

impl Epoch {
    /// The epoch with these random bits.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Epoch {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let canonical =
            text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !canonical {
            return Err(InvalidCursor);
        }
        u64::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| InvalidCursor)
    }
}

/// Everything up to the owner's revision `rev` has been received. Written `<epoch>.<rev>`:
/// `00c0ffee00c0ffee.42`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The database epoch to which `rev` belongs.
    pub epoch: Epoch,
    /// The last revision received; 0 before the first.
    pub rev: i64,
}

/// The text is not a valid cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a cursor as the server returned it, such as 00c0ffee00c0ffee.42")]
pub struct InvalidCursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.rev)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (epoch, rev) = text.split_once('.').ok_or(InvalidCursor)?;
        let canonical = !rev.is_empty()
            && rev.bytes().all(|b| b.is_ascii_digit())
            && (rev == "0" || !rev.starts_with('0'));
        if !canonical {
            return Err(InvalidCursor);
        }
        Ok(Self {
            epoch: epoch.parse()?,
            rev: rev.parse().map_err(|_| InvalidCursor)?,
        })
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_round_trips(bits: u64, rev in 0i64..) {
            let cursor = Cursor { epoch: Epoch::from_bits(bits), rev };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn a_cursor_has_only_one_spelling(text in ".{0,40}") {
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string(), text);
            }
        }
    }

    #[test]
    fn malformed_cursors_are_rejected() {
        for text in [
            "",
            ".",
            "1.2",
            "00c0ffee00c0ffee.",
            "00c0ffee00c0ffee.-1",
            "00c0ffee00c0ffee.+1",
            "00C0FFEE00C0FFEE.1",
            "00c0ffee00c0ffee.01",
            "00c0ffee00c0ffee.99999999999999999999",
        ] {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text}");
        }
    }
}
