//! Which part of a conversation a page shows.

use crate::domain::json::JsonFields;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// The rows that a page shows, by id. What happens outside of it is held but not shown: there would
/// be a hole in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ConversationSpan {
    /// The first row shown, when there are earlier ones; `None` at the conversation's beginning.
    pub from: Option<Uuid>,
    /// The first row not shown any more; `None` at the conversation's end, where new rows are
    /// added.
    pub to: Option<Uuid>,
}

impl ConversationSpan {
    /// The span in a JSON value.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = JsonFields::of(value)?;
        Some(Self {
            from: fields.parsed("from"),
            to: fields.parsed("to"),
        })
    }

    /// Whether a row stands in it.
    pub fn holds(&self, id: Uuid) -> bool {
        self.from.is_none_or(|from| from <= id) && self.to.is_none_or(|to| id < to)
    }
}

crate::domain::json::deserialize_by_read!(ConversationSpan);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_holds_its_first_row_and_not_the_one_behind_its_last() {
        let uuid = Uuid::from_u128;
        let span = |from: Option<u128>, to: Option<u128>| ConversationSpan {
            from: from.map(uuid),
            to: to.map(uuid),
        };
        for (span, held) in [
            (span(None, None), [true, true, true]),
            (span(Some(2), None), [false, true, true]),
            (span(None, Some(2)), [true, false, false]),
            (span(Some(2), Some(3)), [false, true, false]),
        ] {
            assert_eq!([1, 2, 3].map(|id| span.holds(uuid(id))), held, "{span:?}");
        }
    }
}
