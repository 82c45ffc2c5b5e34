//! All conversations under their days, as they come, change and go.

use super::{
    delete_dialog::{DeleteDialog, Doomed},
    follow::follow,
    hydrated::use_hydrated,
    talk_link::TalkLink,
};
use crate::{
    api::Snapshot,
    chat::{Conversation, Period, group_by_period},
    ids::ConversationId,
};
use leptos::prelude::*;

/// The list of conversations with its live feed.
#[island]
pub fn ConversationList(
    /// All conversations.
    snapshot: Snapshot,
    /// The one that is open.
    current: Option<ConversationId>,
) -> impl IntoView {
    let now = snapshot.now;
    let stream = follow(snapshot);
    let hydrated = use_hydrated();
    let conversations =
        Memo::new(move |_| stream.transcript.with(|held| held.conversations().map(|one| one.as_ref().clone()).collect::<Vec<_>>()));
    let groups = Memo::new(move |_| group_by_period(conversations.get(), now));
    view! {
        <nav class="talks" aria-label="Conversations" data-hydrated=move || hydrated.get()>
            <ConversationGroups groups current/>
        </nav>
    }
}

/// Conversations under their headings. Rows are keyed by conversation: a rename changes a row in place.
#[component]
pub fn ConversationGroups(
    /// Headings and what stands under them, as [`group_by_period`] gives them.
    #[prop(into)]
    groups: Signal<Vec<(Period, Vec<Conversation>)>>,
    /// The one that is open.
    current: Option<ConversationId>,
) -> impl IntoView {
    let doomed = RwSignal::new(None::<Doomed>);
    let periods = Memo::new(move |_| groups.with(|groups| groups.iter().map(|(period, _)| *period).collect::<Vec<_>>()));
    let under = move |period| {
        groups.with(|groups| groups.iter().find(|(here, _)| *here == period).map(|(_, group)| group.clone()).unwrap_or_default())
    };
    view! {
        <Show when=move || periods.with(Vec::is_empty)>
            <p class="none">"What you talk about will be listed here."</p>
        </Show>
        <For each=move || periods.get() key=|period| *period let(period)>
            <h2>{period.heading()}</h2>
            <ul>
                <For each=move || under(period) key=|conversation| conversation.id let(first)>
                    <Row first groups current doomed/>
                </For>
            </ul>
        </For>
        <DeleteDialog doomed current/>
    }
}

#[component]
fn Row(
    first: Conversation,
    groups: Signal<Vec<(Period, Vec<Conversation>)>>,
    current: Option<ConversationId>,
    doomed: RwSignal<Option<Doomed>>,
) -> impl IntoView {
    let id = first.id;
    let conversation = Memo::new(move |_| {
        let held = groups.with(|groups| groups.iter().flat_map(|(_, group)| group).find(|held| held.id == id).cloned());
        held.unwrap_or_else(|| first.clone())
    });
    view! { <TalkLink conversation current=current == Some(id) doomed/> }
}
