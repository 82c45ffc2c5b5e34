//! Property test: any text and JSON reads back the same from every tier; only NUL becomes ␀.

use crate::{
    domain::{DETAILS_MAX_BYTES, EntryDraft, Metadata, Status, StorageStatus, nul, time::DAY_MS},
    server::{
        archive::reader::{find, list},
        store::work_logs::EntryFilter,
        work_log::{Origin, create_work_log},
    },
    tests::support::{
        archives::{run, tiers},
        databases::on_both_databases,
        hunt,
        people::{NOW, draft, person},
    },
};
use proptest::{collection::vec, prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

fn any_letter() -> impl Strategy<Value = char> {
    let control = proptest::char::range('\0', '\u{1f}');
    let emoji = proptest::char::range('\u{1f300}', '\u{1faff}');
    prop_oneof![2 => Just('\0'), 2 => control, 2 => emoji, 6 => any::<char>()]
}

fn any_text() -> impl Strategy<Value = String> {
    let longest = any_letter().prop_map(|letter| {
        letter
            .to_string()
            .repeat(DETAILS_MAX_BYTES / letter.len_utf8())
    });
    prop_oneof![4 => vec(any_letter(), 0..300).prop_map(String::from_iter), 1 => longest]
}

fn any_line() -> impl Strategy<Value = String> {
    vec(any_letter(), 1..60).prop_map(String::from_iter)
}

fn any_value() -> impl Strategy<Value = Value> {
    let short = || vec(any_letter(), 0..12).prop_map(String::from_iter);
    let number = prop_oneof![
        any::<i64>().prop_map(|n| json!(n)),
        any::<u64>().prop_map(|n| json!(n)),
        any::<f64>().prop_map(|n| json!(n))
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        short().prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 16, 4, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((short(), inner), 0..4).prop_map(|fields| Value::from(Map::from_iter(fields))),
        ]
    })
}

fn any_metadata() -> impl Strategy<Value = Metadata> {
    vec(
        (
            vec(any_letter(), 1..12).prop_map(String::from_iter),
            any_value(),
        ),
        0..6,
    )
    .prop_map(|fields| Metadata(Map::from_iter(fields)))
}

on_both_databases! {
    async fn any_text_and_json_reads_back_the_same_from_every_tier(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let (mut runner, fields) = (
            TestRunner::default(),
            (any_line(), any_text(), any_metadata()),
        );
        let mut expected = BTreeMap::new();
        // a list returns at most 200
        let entries = hunt::cases(12, 120).min(200);
        for _ in 0..entries {
            let (title, details, metadata) = fields.new_tree(&mut runner).unwrap().current();
            let draft = EntryDraft {
                details: Some(details),
                metadata,
                ..draft(Status::Success, &title)
            };
            let created = create_work_log(&store, NOW, ada, draft.clone(), Origin::default())
                .await
                .unwrap();
            let EntryDraft {
                mut title,
                mut details,
                mut metadata,
                ..
            } = draft;
            nul::map_entry(nul::clean, &mut title, &mut details, &mut metadata);
            expected.insert(created.id, (title, details, metadata));
        }
        let (archive, all) = (&tiers.archive, EntryFilter::default());
        for (days, tier) in [
            (0, StorageStatus::Hot),
            (8, StorageStatus::Warm),
            (31, StorageStatus::Cold),
        ] {
            run(&tiers, NOW.plus(days * DAY_MS)).await;
            let listed = list(
                &mut store.read().await.unwrap(),
                archive,
                ada,
                (&all, false),
                None,
                200,
            )
            .await
            .unwrap();
            assert_eq!(listed.len(), entries as usize);
            for entry in &listed {
                assert_eq!(entry.storage_status, tier);
                assert_eq!(
                    (
                        entry.title.clone(),
                        entry.details.clone(),
                        entry.metadata.clone()
                    ),
                    expected[&entry.id]
                );
                let found = find(store.read().await.unwrap(), archive, ada, entry.id)
                    .await
                    .unwrap();
                assert_eq!(
                    found.as_ref(),
                    Some(entry),
                    "opened and listed entry differ"
                );
            }
        }
    }
}
