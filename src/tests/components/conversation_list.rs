use super::{html, text};
use crate::{
    components::{ConversationGroups, samples},
    domain::group_by_period,
};
use leptos::prelude::*;

fn list() -> String {
    let groups = group_by_period(samples::conversations(), samples::NOW);
    html(|| view! { <ConversationGroups groups current=Some(samples::conversation_id())/> })
}

#[test]
fn conversations_are_grouped_by_day() {
    let text = text(&list());
    let positions: Vec<_> = [
        "Today",
        "Release notes",
        "Yesterday",
        "Why does",
        "Last 30 days",
        "Invoice",
    ]
    .map(|words| text.find(words))
    .into();
    assert!(
        positions.iter().all(Option::is_some) && positions.is_sorted(),
        "{text}"
    );
}

#[test]
fn open_and_running_conversations_are_marked_accessibly() {
    let list = list();
    assert_eq!(list.matches("aria-current=\"page\"").count(), 1);
    assert_eq!(list.matches("class=\"dot\"").count(), 1);
    assert!(
        text(&list).contains("Working: A lighthouse, with music"),
        "{list}"
    );
}

#[test]
fn an_empty_list_explains_what_it_will_show() {
    let list = html(|| view! { <ConversationGroups groups=vec![] current=None/> });
    assert!(
        text(&list).starts_with("What you talk about will be listed here."),
        "{list}"
    );
}
