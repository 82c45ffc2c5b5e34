//! The part of a conversation that a page shows.

use crate::domain::json::JsonFields;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// The range of row ids that a page shows. Rows outside are kept but not shown, because rows
/// between them and the range are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ConversationSpan {
    /// The first row shown, if there are earlier ones; `None` at the conversation's beginning.
    pub from: Option<Uuid>,
    /// The first row after those shown; `None` at the conversation's end, where new rows are
    /// added.
    pub to: Option<Uuid>,
}

impl ConversationSpan {
    /// Reads a span from a JSON value.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = JsonFields::of(value)?;
        Some(Self {
            from: fields.parsed("from"),
            to: fields.parsed("to"),
        })
    }

    /// Whether the row with this id is in the range.
    pub fn holds(&self, id: Uuid) -> bool {
        self.from.is_none_or(|from| from <= id) && self.to.is_none_or(|to| id < to)
    }
}

crate::domain::json::deserialize_by_read!(ConversationSpan);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_includes_its_start_and_excludes_its_end() {
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
