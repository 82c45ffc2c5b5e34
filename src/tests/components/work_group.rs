use super::{html, text};
use crate::{
    components::{ViewState, WorkGroup, samples},
    domain::WorkLogEntry,
};
use leptos::prelude::*;
use std::sync::Arc;

fn group(entries: Vec<Arc<WorkLogEntry>>, running: bool) -> String {
    html(|| view! { <WorkGroup entries running reader=ViewState::new(samples::NOW)/> })
}

#[test]
fn a_finished_turn_folds_into_a_summary_line() {
    let folded = group(samples::looked_up(10), false);
    assert!(folded.contains("<details class=\"work\">"), "{folded}");
    assert!(
        text(&folded).starts_with("Search: painters of lighthouses · 2 model calls · 2.9 s"),
        "{}",
        text(&folded)
    );
}

#[test]
fn a_running_turn_is_not_folded() {
    let open = group(samples::looked_up(10), true);
    assert!(!open.contains("class=\"work\""), "{open}");
    assert_eq!(open.matches("class=\"entry\"").count(), 3);
}

#[test]
fn failed_and_running_entries_stay_outside_the_fold() {
    let mixed = group(samples::lighthouse(10), false);
    let before_fold = mixed.split("class=\"work\"").next().unwrap_or_default();
    assert_eq!(before_fold.matches("class=\"entry\"").count(), 2, "{mixed}");
    assert!(mixed.contains("data-status=\"working\""), "{mixed}");
}

#[test]
fn a_group_with_an_opened_entry_does_not_fold() {
    let entries = samples::looked_up(10);
    let group = html(|| {
        let reader = ViewState::new(samples::NOW);
        reader.toggled(entries[1].id, true);
        view! { <WorkGroup entries running=false reader/> }
    });
    assert!(!group.contains("class=\"work\""), "{group}");
}

#[test]
fn files_of_folded_entries_stay_visible() {
    let mut entries = samples::looked_up(10);
    let with_files = WorkLogEntry {
        metadata: entries[1]
            .metadata
            .clone()
            .with("files", serde_json::to_value(samples::files()).unwrap()),
        ..(*entries[1]).clone()
    };
    entries[1] = Arc::new(with_files);
    let group = group(entries, false);
    let after_fold = group.rsplit("</details>").next().unwrap_or_default();
    assert_eq!(after_fold.matches("<figure").count(), 3, "{group}");
}
