//! `/gallery`: every component in every state, in both themes. The examples are in `components::samples`.

use crate::{
    chat::{Item, Message, MessageStatus, Role, group_by_period},
    components::{
        Can, ChatMessage, ComposerFoot, ConnectionStatus, ConversationGroups, MediaFigure, Missing, Reader, StatusIcon, ThemeSwitch,
        Timeline, Trouble, Welcome, WorkGroup, WorkLogMessage, samples,
    },
    live::Connection,
    work_log::Status,
};
use leptos::prelude::*;
use leptos_meta::Title;
use std::sync::Arc;

/// All there is to see, light and dark side by side.
#[component]
pub fn Gallery() -> impl IntoView {
    view! {
        <Title text="Gallery"/>
        <main class="gallery">
            <header><ThemeSwitch theme=None/></header>
            <Everything theme="light" first=1_000/>
            <Everything theme="dark" first=2_000/>
        </main>
    }
}

/// One theme; `first` numbers its examples apart from the other one's.
#[component]
fn Everything(theme: &'static str, first: u32) -> impl IntoView {
    view! {
        <section data-theme=theme aria-label=theme>
            <h1>"Gallery, " {theme}</h1>
            <h2>"A conversation"</h2>
            <div class="sample"><Talk first/></div>
            <h2>"Entries in each state"</h2>
            <div class="sample"><Entries first=first + 100/></div>
            <h2>"Where the archive does not answer"</h2>
            <div class="sample"><Missing gaps=samples::gaps()/></div>
            <h2>"A finished turn, folded"</h2>
            <div class="sample"><Folded first=first + 200/></div>
            <h2>"Messages"</h2>
            <div class="sample"><Messages first=first + 300/></div>
            <h2>"What tools make"</h2>
            <div class="sample">{samples::files().into_iter().map(|file| view! { <MediaFigure at=samples::address_of(&file) file/> }).collect_view()}</div>
            <h2>"Connection"</h2>
            <div class="row"><Connections/></div>
            <h2>"Statuses"</h2>
            <div class="row">{Status::ALL.iter().map(|status| view! { <span class="chip"><StatusIcon status=*status/> {status.word()}</span> }).collect_view()}</div>
            <h2>"Conversations"</h2>
            <div class="narrow"><Conversations theme/></div>
            <h2>"Composer"</h2>
            <div class="sample"><Composers/></div>
            <h2>"Nothing yet"</h2>
            <Welcome/>
        </section>
    }
}

#[component]
fn Talk(first: u32) -> impl IntoView {
    let said = |n, role, status, content: &str| Item::Message(Arc::new(samples::message(first + n, role, status, content)));
    let answer = |n, status, html, rest| Item::Message(Arc::new(samples::answer(first + n, status, html, rest)));
    let items = vec![
        said(1, Role::User, MessageStatus::Done, "Who painted lighthouses best?"),
        Item::Work(samples::looked_up(first + 2)),
        answer(
            5,
            MessageStatus::Done,
            "<p>Two names come up again and again: <b>Edward Hopper</b>, for the light itself, and <b>Claude Monet</b>, for the weather around it.</p>",
            "",
        ),
        said(6, Role::User, MessageStatus::Done, "Paint me one at dusk, and put a slow cello under it."),
        Item::Work(samples::lighthouse(first + 7)),
        answer(12, MessageStatus::Streaming, "", "Here is the lighthouse. The cello is still being recorded"),
    ];
    view! { <Timeline items running=None reader=Reader::new(samples::NOW)/> }
}

#[component]
fn Entries(first: u32) -> impl IntoView {
    let reader = Reader::new(samples::NOW);
    let rows = samples::each_state(first);
    rows.iter().rev().take(2).for_each(|entry| reader.toggled(entry.id, true));
    view! { <div class="work-group">{rows.into_iter().map(|entry| view! { <WorkLogMessage entry reader/> }).collect_view()}</div> }
}

#[component]
fn Folded(first: u32) -> impl IntoView {
    view! { <WorkGroup entries=samples::looked_up(first) running=false reader=Reader::new(samples::NOW)/> }
}

#[component]
fn Messages(first: u32) -> impl IntoView {
    let shown = |message: Message| view! { <ChatMessage message=Arc::new(message) live_text=None can=Can { answer_again: true, write_anew: false }/> };
    let ends = [MessageStatus::Done, MessageStatus::Stopped, MessageStatus::Interrupted, MessageStatus::Failed];
    view! {
        {shown(samples::message(first, Role::User, MessageStatus::Done, "One line\nand another"))}
        {(first + 1..)
            .zip(ends)
            .map(|(n, status)| shown(samples::answer(n, status, "<p>The answer, as far as it went.</p>", "")))
            .collect::<Vec<_>>()}
        {shown(samples::answer(first + 9, MessageStatus::Streaming, "<p>The first paragraph is done.</p>", "The second is being wri"))}
    }
}

#[component]
fn Connections() -> impl IntoView {
    let states = [
        Connection::Connecting,
        Connection::Live,
        Connection::Retrying { attempt: 3, at_ms: samples::NOW.millis() },
        Connection::Polling,
        Connection::Offline,
        Connection::SignedOut,
    ];
    states.map(|connection| view! { <ConnectionStatus connection/> }).collect_view()
}

#[component]
fn Conversations(theme: &'static str) -> impl IntoView {
    let groups = group_by_period(samples::conversations(), samples::NOW);
    view! {
        <nav class="talks" aria-label=format!("Conversations, {theme}")>
            <ConversationGroups groups current=Some(samples::conversation_id())/>
        </nav>
    }
}

#[component]
fn Composers() -> impl IntoView {
    let composer = |running: bool| {
        view! {
            <div class="compose-form">
                <textarea rows="1" placeholder="Write to Holly" aria-label="Message"></textarea>
                <ComposerFoot models=samples::models() chosen=None running/>
            </div>
        }
    };
    view! {
        {composer(false)}
        {composer(true)}
        <Trouble text="The server could not be reached. Please try again.".to_owned()/>
    }
}
