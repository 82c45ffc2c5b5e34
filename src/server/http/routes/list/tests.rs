//! Any query string is parsed within its bounds or refused.

use super::*;
use proptest::prelude::*;

fn parse(query: &str) -> Option<Result<ListQuery, Problem>> {
    let uri = format!("/api/work-log/list?{query}").parse().ok()?;
    Some(Params::parse(&uri).and_then(ListQuery::parse))
}

const NAMES: [&str; 11] = [
    "conversationId",
    "scope",
    "logType",
    "status",
    "storageStatus",
    "q",
    "limit",
    "before",
    "after",
    "wait",
    "archive",
];

fn any_pair() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        9 => prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned),
        1 => "[a-zA-Z%&=]{0,12}",
    ];
    let value = prop_oneof![
        prop::sample::select(vec![
            "user",
            "conversation",
            "info",
            "working",
            "hot",
            "true",
            "",
            "%",
            "%FF",
            "+"
        ])
        .prop_map(str::to_owned),
        any::<i64>().prop_map(|number| number.to_string()),
        (0i64..250).prop_map(|number| number.to_string()),
        "[0-9a-f]{16}\\.[0-9]{1,20}",
        Just("01990000-0000-7000-8000-000000000000".to_owned()),
        "[ -~]{0,20}",
        "(%[0-9A-F]{2}){0,240}",
    ];
    (name, value).prop_map(|(name, value)| format!("{name}={value}"))
}

fn any_query() -> impl Strategy<Value = String> {
    prop::collection::vec(any_pair(), 0..5).prop_map(|pairs| pairs.join("&"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_query_is_bounded_or_refused(query in any_query()) {
        if let Some(Ok(parsed)) = parse(&query) {
            prop_assert!((1..=LIMIT_MAX).contains(&parsed.limit));
            prop_assert!(parsed.wait <= Duration::from_secs(WAIT_MAX_S.unsigned_abs()));
            prop_assert!(parsed.wait.is_zero() || parsed.after.is_some());
            let filter = parsed.filter;
            prop_assert!(filter.text.is_none_or(|text| text.chars().count() <= SEARCH_MAX_CHARS));
            prop_assert_eq!(parsed.scope == "conversation", filter.conversation_id.is_some());
        }
    }
}

#[test]
fn queries_of_these_kinds_are_accepted_often_enough_to_prove_something() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let (mut runner, queries) = (TestRunner::deterministic(), any_query());
    let is_read = |_: &i32| {
        parse(&queries.new_tree(&mut runner).unwrap().current())
            .is_some_and(|parsed| parsed.is_ok())
    };
    assert!((0..2_000).filter(is_read).count() > 100);
}
