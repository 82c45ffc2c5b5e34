//! All conversations under their days, as they come, change and go.

use super::{
    alive::{Known, bring_to_life, whenever},
    browser,
    follow::follow,
    live_forms::send_live_forms,
    markup::{Html, talks},
    patch::morph_children,
    talk_dialogs::{close_left, open_dialog},
};
use crate::domain::{
    CONVERSATIONS_LISTED, Change, Conversation, Period, Snapshot, group_by_period,
    ids::ConversationId, json::JsonFields, time::Timestamp,
};
use leptos::{html::Nav, prelude::*};
use serde_json::{Value, json};
use web_sys::Element;

/// The list of conversations, kept as it is on the server. Its children are the list.
#[island]
pub fn ConversationList(
    /// The list as the server rendered it.
    children: Children,
) -> impl IntoView {
    let place = NodeRef::<Nav>::new();
    bring_to_life(place, begin);
    view! {
        <nav class="talks" aria-label="Conversations" node_ref=place data-hydrated="false">
            {children()}
        </nav>
    }
}

fn begin(root: &Element, known: Value) -> Option<()> {
    let known = JsonFields::of(&known)?;
    let current = known.parsed("current");
    let snapshot = known.value("snapshot").and_then(Snapshot::read)?;
    let now = snapshot.now;
    let stream = follow(snapshot);
    let groups = browser::first::<Element>(root, ".talk-groups")?;
    let mut shown = None;
    whenever(move || {
        let listed = stream.transcript.with(|held| {
            held.conversations()
                .map(|one| one.as_ref().clone())
                .collect::<Vec<_>>()
        });
        let html = list(listed, now, current);
        if shown.as_ref().is_some_and(|shown| *shown != html) {
            morph_children(&groups, &html);
        }
        shown = Some(html);
    });
    send_live_forms();
    browser::listen(&document(), "click", move |event| {
        _ = open_dialog(&event, stream)
    });
    browser::listen(&document(), "focusin", |event| close_left(&event));
    Some(())
}

/// The list with its feed.
#[component]
pub fn LiveConversations(
    /// The most recently used conversations.
    snapshot: Snapshot,
    /// The one that is open.
    current: Option<ConversationId>,
) -> impl IntoView {
    let conversation = |row: &Change| {
        if let Change::Conversation(one) = row {
            Some(one.clone())
        } else {
            None
        }
    };
    let listed: Vec<Conversation> = snapshot.rows.iter().filter_map(conversation).collect();
    let more = listed
        .last()
        .filter(|_| listed.len() >= CONVERSATIONS_LISTED)
        .map(|last| format!("/conversations?before={}", last.id));
    let html = list(listed, snapshot.now, current);
    view! {
        <ConversationList>
            <Known what=json!({ "snapshot": snapshot, "current": current })/>
            <div class="talk-groups" inner_html=html></div>
            {more.map(|href| view! { <a class="more-talks" href=href>"Older conversations"</a> })}
        </ConversationList>
    }
}

fn list(
    conversations: Vec<Conversation>,
    now: Timestamp,
    current: Option<ConversationId>,
) -> String {
    let mut html = Html::default();
    talks(&mut html, &group_by_period(conversations, now), current);
    html.take()
}

/// Conversations under their headings.
#[component]
pub fn ConversationGroups(
    /// Headings and what stands under them, as [`group_by_period`] gives them.
    groups: Vec<(Period, Vec<Conversation>)>,
    /// The one that is open.
    current: Option<ConversationId>,
) -> impl IntoView {
    let mut html = Html::default();
    talks(&mut html, &groups, current);
    view! { <div class="talk-groups" inner_html=html.take()></div> }
}
