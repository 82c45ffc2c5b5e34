//! A feed of work for any page.

use super::{ConnectionStatus, Reader, WorkLogMessage, follow::follow, hydrated::use_hydrated, permalink::follow_permalinks};
use crate::{
    api::{Snapshot, load_feed},
    ids::ConversationId,
    work_log::WorkLogEntry,
};
use leptos::{either::Either, prelude::*};
use std::sync::Arc;

/// The work log as it happens, newest first: of one conversation, or of everything the reader may see. It fetches its
/// rows itself on the server and follows them live in the browser; the page gives it nothing but a place.
///
/// ```ignore
/// view! {
///     <h1>"What is going on"</h1>
///     <WorkLogFeed/>
/// }
/// ```
///
/// With a conversation: `<WorkLogFeed conversation_id=id/>`. On the server's answer to someone who is not signed in it
/// shows a sentence instead of rows.
#[component]
pub fn WorkLogFeed(
    /// Only the work of this conversation.
    #[prop(optional, into)]
    conversation_id: Option<ConversationId>,
) -> impl IntoView {
    let feed = Resource::new_blocking(|| (), move |()| load_feed(conversation_id));
    view! {
        <Suspense fallback=|| view! { <p class="none">"Loading…"</p> }>
            {move || Suspend::new(async move {
                match feed.await {
                    Ok(snapshot) => Either::Left(view! { <FeedView conversation_id snapshot/> }),
                    Err(error) => Either::Right(view! { <p class="trouble" role="alert">{error.to_string()}</p> }),
                }
            })}
        </Suspense>
    }
}

/// The rows of a [`WorkLogFeed`].
#[island]
pub fn FeedView(
    /// Only the work of this conversation.
    conversation_id: Option<ConversationId>,
    /// The newest entries.
    snapshot: Snapshot,
) -> impl IntoView {
    let reader = Reader::new(snapshot.now);
    let stream = follow(snapshot);
    let hydrated = use_hydrated();
    let entries = Memo::new(move |_| {
        let here = |entry: &&Arc<WorkLogEntry>| conversation_id.is_none() || entry.conversation_id == conversation_id;
        stream.transcript.with(|held| held.entries().rev().filter(here).cloned().collect::<Vec<_>>())
    });
    follow_permalinks(reader);
    view! {
        <section class="feed" aria-label="Work log" data-hydrated=move || hydrated.get()>
            <ConnectionStatus connection=stream.connection retry=stream.retry/>
            <div class="work-group" role="log" aria-live="off">
                <For each=move || entries.get() key=|entry| entry.id let(first)>
                    <FeedRow first entries=entries.into() reader/>
                </For>
            </div>
            <Show when=move || entries.with(Vec::is_empty)>
                <p class="none">"Nothing has been done yet."</p>
            </Show>
        </section>
    }
}

#[component]
fn FeedRow(first: Arc<WorkLogEntry>, entries: Signal<Vec<Arc<WorkLogEntry>>>, reader: Reader) -> impl IntoView {
    let id = first.id;
    let entry = Memo::new(move |_| {
        // Newest first is descending by id, so the row is found without looking at the others.
        let found = |entries: &Vec<Arc<WorkLogEntry>>| entries.binary_search_by(|held| id.cmp(&held.id)).ok().map(|at| entries[at].clone());
        entries.with(found).unwrap_or_else(|| first.clone())
    });
    view! { <WorkLogMessage entry reader/> }
}
