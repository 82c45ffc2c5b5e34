//! A feed of work for any page.

use super::{
    ConnectionStatus, Missing, ViewState,
    alive::{Known, bring_to_life, whenever},
    browser,
    connection_status::keep_connection,
    copying::hear_copying,
    follow::follow,
    live_forms::send_live_forms,
    markup::{Html, Row, approval, entry},
    opened::{Opened, opened},
    patch::Rows,
    permalink::follow_permalinks,
    ticking::{keep_time, tick},
};
use crate::{
    domain::{Snapshot, Transcript, ids::ConversationId, json::JsonFields, time::Timestamp},
    server_fns::load_feed,
};
use leptos::{either::Either, html::Section, prelude::*};
use serde_json::{Value, json};
use web_sys::Element;

/// The work log as it happens, newest first: of one conversation, or of everything the reader may
/// see. It fetches its rows itself on the server and follows them live in the browser; the page
/// gives it nothing but a place.
///
/// ```ignore
/// view! {
///     <h1>"What is going on"</h1>
///     <WorkLogFeed/>
/// }
/// ```
///
/// With a conversation: `<WorkLogFeed conversation_id=id/>`. On the server's answer to someone who
/// is not signed in it shows a sentence instead of rows.
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
                    Ok(snapshot) => Either::Left(view! { <FeedRows conversation_id snapshot/> }),
                    Err(error) => Either::Right(view! { <p class="trouble" role="alert">{error.to_string()}</p> }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn FeedRows(conversation_id: Option<ConversationId>, snapshot: Snapshot) -> impl IntoView {
    let rows = rows(
        &Transcript::of(snapshot.rows.iter().cloned()),
        conversation_id,
        &ViewState::asking(snapshot.now).opened.get_untracked(),
        snapshot.now,
    );
    let (empty, html) = (
        rows.is_empty(),
        rows.into_iter().map(|row| row.html).collect::<String>(),
    );
    view! {
        <FeedView>
            <Known what=json!({ "conversationId": conversation_id, "snapshot": snapshot })/>
            <ConnectionStatus/>
            <div class="work-group" role="log" aria-live="off" inner_html=html></div>
            <Missing gaps=snapshot.gaps/>
            <p class="none" hidden=!empty>"Nothing has been done yet."</p>
        </FeedView>
    }
}

/// Keeps the rows of a [`WorkLogFeed`] as they are on the server.
#[island]
pub fn FeedView(
    /// The rows as the server rendered them.
    children: Children,
) -> impl IntoView {
    let place = NodeRef::<Section>::new();
    bring_to_life(place, begin);
    view! {
        <section class="feed" aria-label="Work log" node_ref=place data-hydrated="false">
            {children()}
        </section>
    }
}

fn begin(root: &Element, known: Value) -> Option<()> {
    let known = JsonFields::of(&known)?;
    let conversation_id = known.parsed("conversationId");
    let snapshot = known.value("snapshot").and_then(Snapshot::read)?;
    let now = snapshot.now;
    let stream = follow(snapshot);
    let (list, none) = (
        browser::first::<Element>(root, ".work-group")?,
        browser::first::<Element>(root, ".none")?,
    );
    let mut shown = None::<Rows>;
    whenever(move || {
        let rows = stream
            .transcript
            .with(|held| rows(held, conversation_id, &opened(&list), now));
        match &mut shown {
            None => shown = Some(Rows::of(rows)),
            Some(shown) => {
                browser::show(&none, rows.is_empty());
                shown.show(&list, rows);
                tick(&list);
            }
        }
    });
    keep_connection(root, stream);
    keep_time(root);
    follow_permalinks(None);
    hear_copying(root, stream);
    send_live_forms();
    Some(())
}

fn rows(
    held: &Transcript,
    conversation_id: Option<ConversationId>,
    opened: &Opened,
    now: Timestamp,
) -> Vec<Row> {
    let here = held
        .entries()
        .rev()
        .filter(|entry| conversation_id.is_none() || entry.conversation_id == conversation_id);
    let mut html = Html::default();
    let mut rows = Vec::new();
    for one in here {
        entry(&mut html, one, opened.holds(one.id), now);
        rows.push(Row {
            key: one.id.to_string(),
            html: html.take(),
        });
        approval(&mut html, one);
        let question = Row {
            key: format!("approval {}", one.id),
            html: html.take(),
        };
        rows.extend(Some(question).filter(|question| !question.html.is_empty()));
    }
    rows
}
