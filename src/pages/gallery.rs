//! `/gallery`: every component in every state, in both themes. The examples are in
//! `components::samples`.

use crate::{
    components::{
        Can, ChatMessage, ComposerFoot, ConnectionStatus, ConversationGroups, MediaFigure, Missing,
        ReceiptNote, StatusIcon, TalkActions, TalkDialogs, ThemeSwitch, Timeline, Trouble,
        ViewState, Welcome, WorkGroup, WorkLogMessage, samples,
    },
    domain::{
        Conversation, DeleteReceipt, Item, Message, MessageStatus, Role, Status, group_by_period,
    },
    live::Connection,
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
            <TalkDialogs conversation=samples::conversations().into_iter().next()/>
        </main>
    }
}

/// What stands under each heading: how one writes it, and where it is, below `src/components`.
const EXAMPLES: [(&str, &str, &str); 14] = [
    (
        "A conversation",
        "<Timeline items running reader/>",
        "timeline.rs",
    ),
    (
        "Entries in each state",
        "<WorkLogMessage entry reader/>",
        "work_log_message.rs",
    ),
    (
        "Where the archive does not answer",
        "<Missing gaps/>",
        "missing.rs",
    ),
    (
        "A finished turn, folded",
        "<WorkGroup entries running reader/>",
        "work_group.rs",
    ),
    (
        "Messages",
        "<ChatMessage message live_text can/>",
        "chat_message.rs",
    ),
    (
        "What tools make",
        "<MediaFigure file at/>",
        "media_figure.rs",
    ),
    (
        "Connection",
        "<ConnectionStatus connection/>",
        "connection_status.rs",
    ),
    ("Statuses", "<StatusIcon status/>", "icon.rs"),
    (
        "Conversations",
        "<ConversationGroups groups current/>",
        "conversation_list.rs",
    ),
    (
        "A conversation's menu",
        "<TalkActions conversation/>",
        "talk_menu.rs",
    ),
    (
        "The receipt of a deletion",
        "<ReceiptNote code/>",
        "receipt_note.rs",
    ),
    (
        "Composer",
        "<ComposerFoot models chosen running/>",
        "composer_foot.rs",
    ),
    ("What went wrong", "<Trouble text/>", "trouble.rs"),
    ("Nothing yet", "<Welcome demo/>", "welcome.rs"),
];

/// One theme; `first` numbers its examples apart from the other one's.
#[component]
fn Everything(theme: &'static str, first: u32) -> impl IntoView {
    let shown = [
        view! { <div class="sample"><Talk first/></div> }.into_any(),
        view! { <div class="sample"><Entries first=first + 100/></div> }.into_any(),
        view! { <div class="sample"><Missing gaps=samples::gaps()/></div> }.into_any(),
        view! { <div class="sample"><Folded first=first + 200/></div> }.into_any(),
        view! { <div class="sample"><Messages first=first + 300/></div> }.into_any(),
        view! { <div class="sample">{samples::files().into_iter().map(|file| view! { <MediaFigure at=samples::address_of(&file) file/> }).collect_view()}</div> }.into_any(),
        view! { <div class="row"><Connections/></div> }.into_any(),
        view! { <div class="row">{Status::ALL.iter().map(|status| view! { <span class="chip"><StatusIcon status=*status/> {status.word()}</span> }).collect_view()}</div> }.into_any(),
        view! { <div class="narrow"><Conversations theme/></div> }.into_any(),
        view! { <div class="row"><Menus/></div> }.into_any(),
        view! { <div class="sample"><Receipts first/></div> }.into_any(),
        view! { <div class="sample"><Composers/></div> }.into_any(),
        view! { <Trouble text="The server could not be reached. Please try again.".to_owned()/> }.into_any(),
        view! { <Welcome demo=true/> }.into_any(),
    ];
    let named = |((heading, code, file), sample)| {
        view! {
            <h2>{heading}</h2>
            <p class="code"><code>{code}</code> <span>{file}</span></p>
            {sample}
        }
    };
    view! {
        <section data-theme=theme aria-label=theme>
            <h1>"Gallery, " {theme}</h1>
            {EXAMPLES.into_iter().zip(shown).map(named).collect_view()}
        </section>
    }
}

#[component]
fn Talk(first: u32) -> impl IntoView {
    let said = |n, role, status, content: &str| {
        Item::Message(Arc::new(samples::message(first + n, role, status, content)))
    };
    let answer = |n, status, html, rest| {
        Item::Message(Arc::new(samples::answer(first + n, status, html, rest)))
    };
    let items = vec![
        said(
            1,
            Role::User,
            MessageStatus::Done,
            "Who painted lighthouses best?",
        ),
        Item::Work(samples::looked_up(first + 2)),
        answer(
            5,
            MessageStatus::Done,
            "<p>Two names come up again and again: <b>Edward Hopper</b>, for the light itself, and <b>Claude Monet</b>, for the weather around it.</p>",
            "",
        ),
        said(
            6,
            Role::User,
            MessageStatus::Done,
            "Paint me one at dusk, and put a slow cello under it.",
        ),
        Item::Work(samples::lighthouse(first + 7)),
        answer(
            12,
            MessageStatus::Streaming,
            "",
            "Here is the lighthouse. The cello is still being recorded",
        ),
    ];
    view! { <Timeline items running=None reader=ViewState::new(samples::NOW)/> }
}

#[component]
fn Entries(first: u32) -> impl IntoView {
    let reader = ViewState::new(samples::NOW);
    let rows = samples::each_state(first);
    rows.iter()
        .rev()
        .take(2)
        .for_each(|entry| reader.toggled(entry.id, true));
    view! { <div class="work-group">{rows.into_iter().map(|entry| view! { <WorkLogMessage entry reader/> }).collect_view()}</div> }
}

#[component]
fn Folded(first: u32) -> impl IntoView {
    view! { <WorkGroup entries=samples::looked_up(first) running=false reader=ViewState::new(samples::NOW)/> }
}

#[component]
fn Messages(first: u32) -> impl IntoView {
    let shown = |message: Message| view! { <ChatMessage message=Arc::new(message) live_text=None can=Can { answer_again: true, write_anew: false }/> };
    let ends = [
        MessageStatus::Done,
        MessageStatus::Stopped,
        MessageStatus::Interrupted,
        MessageStatus::Failed,
    ];
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
        Connection::Retrying {
            attempt: 3,
            at_ms: samples::NOW.millis(),
        },
        Connection::Polling,
        Connection::Offline,
        Connection::SignedOut,
    ];
    states
        .map(|connection| view! { <ConnectionStatus connection/> })
        .collect_view()
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
    }
}

/// The menu of a conversation that expires, and of one that is kept.
#[component]
fn Menus() -> impl IntoView {
    let menu = |conversation: Conversation| {
        let title = conversation.title.clone();
        view! { <div class="dialog talk-menu" role="group" aria-label=title><TalkActions conversation/></div> }
    };
    samples::conversations()
        .into_iter()
        .take(2)
        .map(menu)
        .collect_view()
}

#[component]
fn Receipts(first: u32) -> impl IntoView {
    let note = |(receipt, n): (DeleteReceipt, u32)| view! { <ReceiptNote code=Some(receipt.code()) id=format!("receipt-{n}")/> };
    samples::receipts()
        .into_iter()
        .zip(first..)
        .map(note)
        .collect_view()
}

#[cfg(test)]
mod tests {
    use super::EXAMPLES;

    #[test]
    fn the_examples_name_components_and_properties_that_are_there() {
        for (heading, code, file) in EXAMPLES {
            let path = format!("{}/src/components/{file}", env!("CARGO_MANIFEST_DIR"));
            let source = std::fs::read_to_string(&path)
                .unwrap_or_else(|why| panic!("{heading}: {path}: {why}"));
            let mut words = code
                .trim_start_matches('<')
                .trim_end_matches("/>")
                .split(' ');
            let component = format!("pub fn {}(", words.next().unwrap());
            let properties = source
                .split(&component)
                .nth(1)
                .unwrap_or_else(|| panic!("{heading}: no {component} in {file}"));
            let properties = properties.split(") -> impl").next().unwrap();
            words.for_each(|word| {
                assert!(
                    properties.contains(&format!("{word}: ")),
                    "{heading}: {file} has no {word}"
                )
            });
        }
    }
}
