use super::{html, text};
use crate::{
    api::{Account, ChatPage, ModelChoice, Snapshot},
    chat::{Change, MessageStatus, Role},
    components::{ChatRoom, samples},
};
use leptos::prelude::*;

fn page(talking: bool) -> ChatPage {
    let work = samples::looked_up(20);
    let user_id = work[0].user_id;
    let mut rows: Vec<Change> = samples::conversations().into_iter().map(Change::Conversation).collect();
    rows.push(Change::Message(samples::message(10, Role::User, MessageStatus::Done, "Who painted lighthouses best?")));
    rows.extend(work.into_iter().map(|entry| Change::Entry((*entry).clone())));
    ChatPage {
        account: Account { id: user_id, email: "ada@example.org".to_owned(), is_admin: false },
        conversation: talking.then(|| samples::conversations().remove(0)),
        snapshot: Snapshot { user_id, rows, cursor: "00c0ffee00c0ffee.9".parse().unwrap(), now: samples::NOW },
        older: talking.then(|| "9".to_owned()),
        models: [("gemini:g", "Gemini g"), ("groq:q", "Groq q")]
            .map(|(key, title)| ModelChoice { key: key.into(), title: title.into() })
            .into(),
    }
}

#[test]
fn an_open_conversation_shows_what_was_said_and_done_and_can_be_stopped_while_a_turn_runs() {
    let room = html(|| view! { <ChatRoom page=page(true)/> });
    let text = text(&room);
    for words in [
        "A lighthouse, with music",
        "Today",
        "Who painted lighthouses best?",
        "painters of lighthouses",
        "Load older",
        "Stop",
        "Gemini g → Groq q",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("What shall we do?"), "{text}");
}

#[test]
fn without_a_conversation_one_sees_what_to_ask_and_each_prompt_works_without_javascript() {
    let room = html(|| view! { <ChatRoom page=page(false)/> });
    assert!(room.contains("name=\"content\" value=\"Let everything fail\""), "{room}");
    assert!(text(&room).contains("Send"), "{room}");
}

#[test]
fn the_side_opens_on_a_phone_without_javascript() {
    let room = html(|| view! { <ChatRoom page=page(false)/> });
    assert!(room.contains("popovertarget=\"side\"") && room.contains("id=\"side\"") && room.contains("popover=\"auto\""), "{room}");
}
