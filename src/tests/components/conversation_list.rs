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
fn conversations_stand_under_their_days() {
    let text = text(&list());
    let places: Vec<_> = [
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
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{text}"
    );
}

#[test]
fn the_open_one_is_marked_and_the_running_one_says_so_to_everybody() {
    let list = list();
    assert_eq!(list.matches("aria-current=\"page\"").count(), 1);
    assert_eq!(list.matches("class=\"dot\"").count(), 1);
    assert!(
        text(&list).contains("Working: A lighthouse, with music"),
        "{list}"
    );
}

#[test]
fn an_empty_list_says_what_will_be_there() {
    let list = html(|| view! { <ConversationGroups groups=vec![] current=None/> });
    assert!(
        text(&list).starts_with("What you talk about will be listed here."),
        "{list}"
    );
}
