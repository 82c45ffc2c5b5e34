//! Gaps in a list: archived entries that could not be read.

use super::vocabulary::vocabulary;
use crate::domain::{
    ids::EntryId,
    json::{JsonFields, deserialize_by_read},
};
use serde::Serialize;
use serde_json::Value;

vocabulary! {
    /// Why archived entries could not be read.
    GapReason {
        /// Object storage is unreachable; the entries reappear when it is back.
        Unreachable = "unreachable",
        /// Object storage is reachable, but the object is damaged or missing.
        Unreadable = "unreadable",
    }
}

/// Entries of one archive object that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The oldest entry.
    pub from: EntryId,
    /// The newest entry.
    pub to: EntryId,
    /// How many entries the object has in this range; a filter may match fewer.
    pub entries: i64,
    /// Why they could not be read.
    pub reason: GapReason,
}

deserialize_by_read!(Gap);

impl Gap {
    /// Reads a gap from a JSON value.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = JsonFields::of(value)?;
        let (from, to, entries) = (
            fields.parsed("from")?,
            fields.parsed("to")?,
            fields.number("entries")?,
        );
        Some(Self {
            from,
            to,
            entries,
            reason: GapReason::of(fields.text("reason")?)?,
        })
    }

    /// The sentence shown to the user.
    pub fn words(&self) -> String {
        let (count, are) = if self.entries == 1 {
            ("1 older entry".to_owned(), "is")
        } else {
            (format!("{} older entries", self.entries), "are")
        };
        match self.reason {
            GapReason::Unreachable => format!(
                "{count} {are} in the archive, which is unreachable at the moment. Nothing is lost."
            ),
            GapReason::Unreadable => format!(
                "{count} {are} in the archive and cannot be read: an admin should check it."
            ),
        }
    }

    /// Joins two adjacent gaps into one.
    pub fn joined(self, next: Self) -> Self {
        let reason = if self.reason == next.reason {
            self.reason
        } else {
            GapReason::Unreadable
        };
        Self {
            from: self.from.min(next.from),
            to: self.to.max(next.to),
            entries: self.entries + next.entries,
            reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_has_a_sentence_and_round_trips_through_json() {
        let id = |n| EntryId::from_uuid(uuid::Uuid::from_u128(n));
        let one = Gap {
            from: id(2),
            to: id(2),
            entries: 1,
            reason: GapReason::Unreachable,
        };
        let two = Gap {
            from: id(4),
            to: id(9),
            entries: 3,
            reason: GapReason::Unreachable,
        };
        assert_eq!(
            one.words(),
            "1 older entry is in the archive, which is unreachable at the moment. Nothing is lost."
        );
        let both = one.joined(two);
        assert_eq!((both.from, both.to, both.entries), (id(2), id(9), 4));
        assert!(
            both.words()
                .starts_with("4 older entries are in the archive")
        );
        assert_eq!(Gap::read(&serde_json::to_value(both).unwrap()), Some(both));
    }
}
