//! The open conversation: its title, how the page stands to the server, and the list that grows
//! while one reads.

use super::{
    alive::{bring_to_life, whenever},
    announcer::announce,
    browser,
    connection_status::keep_connection,
    copying::hear_copying,
    earlier::Earlier,
    follow::follow,
    live_forms::{is_sending, send_live_forms},
    markup::{Sight, rows},
    opened::opened,
    patch::Rows,
    permalink::{follow_permalinks, names_an_entry},
    stay_at_end::StayAtEnd,
    ticking::{keep_time, tick},
};
use crate::{
    domain::{
        ConversationSpan, Item, RemovedKind, Snapshot, ids::ConversationId, json::JsonFields,
        time::Timestamp,
    },
    live::WorkLogStream,
};
use leptos::{html::Section, prelude::*};
use serde_json::Value;
use web_sys::Element;

/// Keeps an open conversation as it is on the server. Its children are the conversation, as
/// `ConversationRoom` renders it.
#[island]
pub fn ConversationView(
    /// The conversation as the server rendered it.
    children: Children,
) -> impl IntoView {
    let place = NodeRef::<Section>::new();
    bring_to_life(place, begin);
    view! {
        <section class="conversation" aria-label="Conversation" node_ref=place data-hydrated="false">
            {children()}
        </section>
    }
}

fn begin(root: &Element, known: Value) -> Option<()> {
    let known = JsonFields::of(&known)?;
    let conversation_id = known.parsed("conversationId");
    let snapshot = known.value("snapshot").and_then(Snapshot::read)?;
    let (now, span) = (
        snapshot.now,
        ArcRwSignal::new(known.value("span").and_then(ConversationSpan::read)?),
    );
    let gaps = snapshot.gaps.clone();
    let stream = follow(snapshot);
    let list = browser::first::<Element>(root, ".scroll")?;
    let end = StayAtEnd::new(names_an_entry() || span.with_untracked(|span| span.to.is_some()));
    end.grown(&list);
    end.keep_while_loading(&list);
    let earlier = Earlier::new(conversation_id, stream, span.clone(), gaps);
    hear(root, &list, &end, &earlier);
    keep_rows(root, list, end, &earlier, now);
    keep_connection(root, stream);
    keep_title(root, stream, conversation_id);
    keep_kept(root, stream, conversation_id);
    keep_time(root);
    announce(root, {
        let span = span.clone();
        move || items(stream, conversation_id, span.get())
    });
    follow_permalinks(conversation_id);
    leave_when_removed(stream, conversation_id);
    hear_copying(root, stream);
    send_live_forms();
    Some(())
}

fn items(
    stream: WorkLogStream,
    conversation_id: Option<ConversationId>,
    span: ConversationSpan,
) -> Vec<Item> {
    stream.transcript.with(|held| {
        conversation_id
            .map(|id| held.items(id, span))
            .unwrap_or_default()
    })
}

/// What the reader does in the list.
fn hear(root: &Element, list: &Element, end: &StayAtEnd, earlier: &Earlier) {
    let (scrolled, end_seen, earlier_seen) = (list.clone(), end.clone(), earlier.clone());
    browser::listen(list, "scroll", move |_| {
        end_seen.scrolled(&scrolled);
        earlier_seen.scrolled(&scrolled);
    });
    let (clicked, end, earlier) = (list.clone(), end.clone(), earlier.clone());
    browser::listen(root, "click", move |event| {
        if browser::happened_in(&event, "[data-do=latest]").is_some() {
            end.go(clicked.clone());
        } else if browser::happened_in(&event, ".older").is_some() {
            event.prevent_default();
            earlier.load(clicked.clone());
        }
    });
}

fn keep_rows(root: &Element, scroll: Element, end: StayAtEnd, earlier: &Earlier, now: Timestamp) {
    let Some(list) = browser::first::<Element>(root, ".timeline") else {
        return;
    };
    let welcome = browser::first::<Element>(root, ".welcome");
    let (conversation, stream, span, gaps) = (
        earlier.conversation,
        earlier.stream,
        earlier.span.clone(),
        earlier.gaps.clone(),
    );
    let mut shown = None::<Rows>;
    whenever(move || {
        let running = stream
            .transcript
            .with(|held| held.conversation(conversation?)?.running_turn_id);
        let items = items(stream, conversation, span.get());
        let gaps = gaps.get();
        let rows = stream.answers.with(|answers| {
            rows(
                &items,
                Sight {
                    answers,
                    running,
                    opened: &opened(&list),
                    gaps: &gaps,
                    now,
                },
            )
        });
        match &mut shown {
            // They stand in the page already.
            None => shown = Some(Rows::of(rows)),
            Some(shown) => {
                welcome
                    .iter()
                    .for_each(|welcome| browser::show(welcome, rows.is_empty()));
                shown.show(&list, rows);
                tick(&list);
                end.grown(&scroll);
            }
        }
    });
}

fn keep_title(root: &Element, stream: WorkLogStream, conversation_id: Option<ConversationId>) {
    let Some(heading) = browser::first::<Element>(root, ".top h1") else {
        return;
    };
    whenever(move || {
        let title = stream
            .transcript
            .with(|held| Some(held.conversation(conversation_id?)?.title.clone()));
        if let Some(title) = title.filter(|title| heading.text_content().as_ref() != Some(title)) {
            heading.set_text_content(Some(&title));
        }
    });
}

/// Says in the head and in the menu whether the conversation is kept, whoever keeps it or lets it
/// go.
fn keep_kept(root: &Element, stream: WorkLogStream, conversation_id: Option<ConversationId>) {
    let places = browser::all(root, "[data-kept]");
    whenever(move || {
        let kept = stream
            .transcript
            .with(|held| Some(held.conversation(conversation_id?)?.kept));
        for place in kept.is_some().then_some(&places).into_iter().flatten() {
            browser::show(
                place,
                place.get_attribute("data-kept").as_deref()
                    == Some(if kept == Some(true) { "true" } else { "false" }),
            );
        }
    });
}

/// A page whose conversation was deleted, here or elsewhere, has nothing to show any more. Where it
/// is deleted from this page, the answer says where one goes on.
fn leave_when_removed(stream: WorkLogStream, conversation_id: Option<ConversationId>) {
    whenever(move || {
        let removed = |id: ConversationId| {
            stream
                .transcript
                .with(|held| held.is_removed(RemovedKind::Conversation, id.uuid()))
        };
        if conversation_id.is_some_and(removed) && !is_sending() {
            browser::go_to("/");
        }
    });
}
