//! The open conversation: its title, how the page stands to the server, and the list that grows while one reads.

use super::{
    Icon, Reader, Timeline, TimelineSource, Welcome, announcer::Announcer, browser, conversation_header::ConversationHeader,
    follow::follow, hydrated::use_hydrated, permalink::follow_permalinks, stay_at_end::use_stay_at_end,
};
use crate::{api::Snapshot, chat::RemovedKind, ids::ConversationId, live::WorkLogStream};
use leptos::prelude::*;

/// The conversation with its live feed; without a conversation, what one might ask.
#[island]
pub fn ConversationView(
    /// The conversation that is open.
    conversation_id: Option<ConversationId>,
    /// It, its messages and its entries.
    snapshot: Snapshot,
    /// Where older rows begin, if there are any.
    older: Option<String>,
) -> impl IntoView {
    let reader = Reader::new(snapshot.now);
    let stream = follow(snapshot);
    let source = source_of(stream, conversation_id);
    let hydrated = use_hydrated();
    let end = use_stay_at_end(move || (source.items.track(), source.answers.track()));
    let title = title_of(stream, conversation_id);
    let older = older.zip(conversation_id).map(|(before, id)| format!("/c/{id}?before={before}"));
    follow_permalinks(reader);
    leave_when_removed(stream, conversation_id);
    view! {
        <section class="conversation" aria-label="Conversation" data-hydrated=move || hydrated.get()>
            <ConversationHeader title stream/>
            <div class="scroll" tabindex="0" aria-label="Messages and work" role="region" node_ref=end.list on:scroll=move |_| end.scrolled()>
                <div class="timeline" role="log" aria-live="off">
                    {older.map(|older| view! { <a class="older" href=older>"Load older"</a> })}
                    <Show when=move || source.items.with(Vec::is_empty)>
                        <Welcome/>
                    </Show>
                    <Timeline source reader/>
                </div>
                <JumpToLatest shown=end.away on_jump=Callback::new(move |()| end.go())/>
            </div>
            <Announcements source/>
        </section>
    }
}

fn source_of(stream: WorkLogStream, conversation_id: Option<ConversationId>) -> TimelineSource {
    let items = Memo::new(move |_| stream.transcript.with(|held| conversation_id.map(|id| held.items(id)).unwrap_or_default()));
    let running = Memo::new(move |_| stream.transcript.with(|held| held.conversation(conversation_id?)?.running_turn_id));
    TimelineSource { items: items.into(), answers: stream.answers.into(), running: running.into() }
}

fn title_of(stream: WorkLogStream, conversation_id: Option<ConversationId>) -> Memo<String> {
    Memo::new(move |_| {
        let open = stream.transcript.with(|held| conversation_id.and_then(|id| held.conversation(id)));
        open.map_or_else(|| "New conversation".to_owned(), |open| open.title.clone())
    })
}

/// A page whose conversation was deleted, here or elsewhere, has nothing to show any more.
fn leave_when_removed(stream: WorkLogStream, conversation_id: Option<ConversationId>) {
    Effect::new(move |_| {
        let removed = |id: ConversationId| stream.transcript.with(|held| held.is_removed(RemovedKind::Conversation, id.uuid()));
        if conversation_id.is_some_and(removed) {
            browser::go_to("/");
        }
    });
}

#[component]
fn JumpToLatest(shown: Signal<bool>, on_jump: Callback<()>) -> impl IntoView {
    view! {
        <Show when=move || shown.get()>
            <div class="jump">
                <button type="button" class="button" on:click=move |_| on_jump.run(())>
                    <Icon name="down"/>
                    "Jump to latest"
                </button>
            </div>
        </Show>
    }
}

/// A region that nobody sees: what begins and ends is read aloud from here.
#[component]
fn Announcements(source: TimelineSource) -> impl IntoView {
    let news = RwSignal::new(String::new());
    let announcer = StoredValue::new(Announcer::default());
    Effect::new(move |_| {
        let heard = source.items.with(|items| announcer.try_update_value(|announcer| announcer.hear(items)));
        if let Some(text) = heard.flatten() {
            news.set(text);
        }
    });
    view! {
        <p class="unseen" role="status" aria-live="polite">
            {move || news.get()}
        </p>
    }
}
