//! The names in metadata that Holly itself sets, and writers from outside may not.

use super::{FieldError, Metadata};
use serde_json::{Map, Value};

/// The names in metadata that Holly itself sets.
pub const RESERVED_NAMES: [&str; 10] = [
    "approval",
    "arguments",
    "attempt",
    "files",
    "fallback",
    "interrupted",
    "maskedValues",
    "stopped",
    "toolCallId",
    "tokensPerDay",
];

/// The reserved names that `fields` would set in a new entry (`before` is none) or change in an
/// entry: a value that it has already may be sent again.
pub fn reserved_names(fields: &Map<String, Value>, before: Option<&Metadata>) -> Vec<FieldError> {
    let changes = |name: &&str| {
        let Some(sent) = fields.get(*name) else {
            return false;
        };
        before.is_none_or(|before| match before.0.get(*name) {
            Some(value) => value != sent,
            None => !sent.is_null(),
        })
    };
    RESERVED_NAMES
        .into_iter()
        .filter(changes)
        .map(|name| FieldError {
            field: format!("metadata.{name}"),
            reason: "is set by Holly alone; leave it out, or use another name".to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::btree_map, prelude::*, sample::select};
    use serde_json::json;

    /// Metadata of reserved and other names.
    fn fields() -> impl Strategy<Value = Map<String, Value>> {
        let mut names = RESERVED_NAMES.to_vec();
        names.extend(["tool", "Approval", "kind"]);
        let values = vec![
            json!(null),
            json!(1),
            json!("a"),
            json!({"state": "waiting"}),
        ];
        btree_map(select(names), select(values), 0..6).prop_map(|fields| {
            let named = fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value));
            named.collect()
        })
    }

    proptest! {
        #[test]
        fn a_name_is_refused_if_and_only_if_its_value_would_change(
            before in fields(), sent in fields(),
        ) {
            let mut before = before;
            before.retain(|_, value| !value.is_null());
            let mut after = before.clone();
            for (name, value) in sent.clone() {
                match value {
                    Value::Null => after.remove(&name),
                    value => after.insert(name, value),
                };
            }
            let changed: Vec<String> = RESERVED_NAMES
                .iter()
                .filter(|name| before.get(**name) != after.get(**name))
                .map(|name| format!("metadata.{name}"))
                .collect();
            let refused = reserved_names(&sent, Some(&Metadata(before)));
            let refused: Vec<String> = refused.into_iter().map(|problem| problem.field).collect();
            prop_assert_eq!(refused, changed);
            let in_new = reserved_names(&sent, None);
            let reserved = RESERVED_NAMES.iter().filter(|name| sent.contains_key(**name));
            prop_assert_eq!(in_new.len(), reserved.count());
        }
    }
}
