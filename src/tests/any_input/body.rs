//! Bodies of the create and patch routes.

use crate::domain::{
    DETAILS_MAX_BYTES, ENTRY_TITLE_MAX_CHARS, EntryDraft, EntryPatch, LEASE_DEFAULT_MS,
    LEASE_MAX_S, LEASE_MIN_S, METADATA_MAX_BYTES, Metadata,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        "[a-z é\u{0}]{190,210}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(".{0,8}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Mostly valid values for a field, and some invalid ones.
fn value_for(field: &'static str) -> BoxedStrategy<Value> {
    let valid = match field {
        "logType" => Just(json!("info")).boxed(),
        "status" => prop_oneof![Just(json!("working")), Just(json!("success"))].boxed(),
        "title" => ".{1,220}".prop_map(Value::from).boxed(),
        "details" => prop_oneof![
            ".{0,80}".prop_map(Value::from),
            (65_500usize..65_600).prop_map(|n| json!("x".repeat(n)))
        ]
        .boxed(),
        "metadata" => prop_oneof![
            Just(json!({"model": "demo"})),
            (16_300usize..16_400).prop_map(|n| json!({"a": "x".repeat(n)}))
        ]
        .boxed(),
        "durationMs" => any::<i64>().prop_map(Value::from).boxed(),
        "leaseSeconds" => (-5i64..90_000).prop_map(Value::from).boxed(),
        _ => Just(Value::Null).boxed(),
    };
    prop_oneof![4 => valid, 1 => any_value()].boxed()
}

const PATCH_FIELDS: [&str; 6] = [
    "status",
    "title",
    "details",
    "metadata",
    "durationMs",
    "leaseSeconds",
];

fn any_body() -> impl Strategy<Value = Value> {
    let only_drafts = ["logType", "conversationId", "parentId"];
    any_object(PATCH_FIELDS.into_iter().chain(only_drafts))
}

fn any_patch() -> impl Strategy<Value = Value> {
    any_object(PATCH_FIELDS.into_iter())
}

fn any_object(fields: impl Iterator<Item = &'static str>) -> impl Strategy<Value = Value> {
    let field = |name: &'static str| (Just(name), prop::option::weighted(0.8, value_for(name)));
    let known: Vec<_> = fields.map(field).collect();
    let object = known.prop_map(|fields| {
        fields
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    });
    prop_oneof![9 => object.prop_map(Value::Object), 1 => any_value()]
}

fn size(metadata: &Metadata) -> usize {
    serde_json::to_string(metadata).unwrap().len()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_accepted_draft_is_within_bounds(body in any_body()) {
        match EntryDraft::parse(&body) {
            Ok(draft) => {
                prop_assert!((1..=ENTRY_TITLE_MAX_CHARS).contains(&draft.title.chars().count()));
                let details = draft.details.as_ref();
                prop_assert!(details.is_none_or(|details| details.len() <= DETAILS_MAX_BYTES));
                prop_assert!(size(&draft.metadata) <= METADATA_MAX_BYTES);
                let lease = LEASE_MIN_S * 1_000..=LEASE_MAX_S * 1_000;
                prop_assert!(lease.contains(&draft.lease_ms) || draft.lease_ms == LEASE_DEFAULT_MS);
                let durations = 0..=366 * 86_400_000;
                prop_assert!(draft.duration_ms.is_none_or(|ms| durations.contains(&ms)));
            }
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                prop_assert!(problems.iter().all(|problem| !problem.reason.is_empty()));
            }
        }
    }

    #[test]
    fn an_accepted_patch_is_within_bounds(body in any_patch()) {
        if let Ok(patch) = EntryPatch::parse(&body) {
            let title = patch.title.map(|title| title.chars().count());
            prop_assert!(title.is_none_or(|chars| (1..=ENTRY_TITLE_MAX_CHARS).contains(&chars)));
            let details = patch.details.flatten();
            prop_assert!(details.is_none_or(|details| details.len() <= DETAILS_MAX_BYTES));
            let leases = LEASE_MIN_S * 1_000..=LEASE_MAX_S * 1_000;
            prop_assert!(patch.lease_ms.is_none_or(|lease| leases.contains(&lease)));
        }
    }

    #[test]
    fn arbitrary_bytes_parse_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(body) = serde_json::from_slice::<Value>(&bytes) {
            // both results are correct; parsing must not panic
            drop((EntryDraft::parse(&body), EntryPatch::parse(&body)));
        }
    }
}

#[test]
fn generated_bodies_are_accepted_often_enough() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let (mut runner, bodies) = (TestRunner::deterministic(), any_body());
    let accepted = (0..2_000)
        .filter(|_| EntryDraft::parse(&bodies.new_tree(&mut runner).unwrap().current()).is_ok())
        .count();
    assert!(accepted > 20, "{accepted} of 2,000 drafts");
    let patches = any_patch();
    let accepted = (0..2_000)
        .filter(|_| EntryPatch::parse(&patches.new_tree(&mut runner).unwrap().current()).is_ok())
        .count();
    assert!(accepted > 20, "{accepted} of 2,000 patches");
}

#[test]
fn deep_nesting_is_refused_before_the_stack_overflows() {
    let deep = format!("{}{}", "[".repeat(60_000), "]".repeat(60_000));
    assert!(serde_json::from_str::<Value>(&deep).is_err());
}
