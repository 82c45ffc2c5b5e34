//! The open conversation as the server renders it; `ConversationView` keeps it so.

use super::{
    ConversationView, Icon, Timeline, ViewState, Welcome, alive::Known,
    conversation_header::ConversationHeader, talk_menu::TalkMenu,
};
use crate::domain::{Conversation, ConversationSpan, Snapshot, Transcript};
use leptos::prelude::*;
use serde_json::json;
use uuid::Uuid;

/// A conversation with its live feed; without one, what one might ask.
#[component]
pub(super) fn ConversationRoom(
    /// The conversation that is open.
    conversation: Option<Conversation>,
    /// It, its messages and its entries.
    snapshot: Snapshot,
    /// Which part of it the page shows.
    span: ConversationSpan,
    /// Whether an admin holds it.
    on_hold: bool,
    /// Whether nobody but the demo model answers.
    demo: bool,
) -> impl IntoView {
    let conversation_id = conversation.as_ref().map(|open| open.id);
    let running = conversation.as_ref().and_then(|open| open.running_turn_id);
    let held = Transcript::of(snapshot.rows.iter().cloned());
    let items = conversation_id
        .map(|id| held.items(id, span))
        .unwrap_or_default();
    let page = move |part: &str, row: Option<Uuid>| {
        conversation_id
            .zip(row)
            .map(|(id, row)| format!("/c/{id}?{part}={row}"))
    };
    let (empty, reader, gaps) = (
        items.is_empty() && snapshot.gaps.is_empty(),
        ViewState::asking(snapshot.now),
        snapshot.gaps.clone(),
    );
    let menu = conversation
        .clone()
        .map(|conversation| view! { <TalkMenu conversation/> });
    view! {
        <ConversationView>
            <Known what=json!({ "conversationId": conversation_id, "snapshot": snapshot, "span": span })/>
            <ConversationHeader conversation on_hold/>
            {menu}
            <div class="scroll" tabindex="0" aria-label="Messages and work" role="region">
                {page("before", span.from).map(|href| view! { <a class="older" href=href>"Show earlier"</a> })}
                {empty.then(|| view! { <Welcome demo/> })}
                <Timeline items running reader gaps/>
                {page("from", span.to).map(|href| view! { <Later href latest=conversation_id.map(|id| format!("/c/{id}"))/> })}
                <div class="jump" hidden>
                    <button type="button" class="button" data-do="latest">
                        <Icon name="down"/>
                        "Jump to latest"
                    </button>
                </div>
            </div>
            <p class="unseen" role="status" aria-live="polite"></p>
        </ConversationView>
    }
}

/// Below a part that does not reach the end.
#[component]
fn Later(href: String, latest: Option<String>) -> impl IntoView {
    view! {
        <p class="later">
            <a href=href>"Show later"</a>
            <a href=latest>"Show the latest"</a>
        </p>
    }
}
