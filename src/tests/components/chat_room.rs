use super::{html, text};
use crate::{
    components::{ChatRoom, samples},
    domain::{
        Account, Change, ChatPageData, ConversationSpan, MessageStatus, ModelChoice, Role, Snapshot,
    },
};
use leptos::prelude::*;

fn page(has_conversation: bool) -> ChatPageData {
    let work = samples::looked_up(20);
    let user_id = work[0].user_id;
    let mut rows: Vec<Change> = samples::conversations()
        .into_iter()
        .map(Change::Conversation)
        .collect();
    rows.push(Change::Message(samples::message(
        10,
        Role::User,
        MessageStatus::Done,
        "Who painted lighthouses best?",
    )));
    rows.extend(
        work.into_iter()
            .map(|entry| Change::Entry((*entry).clone())),
    );
    ChatPageData {
        account: Account {
            id: user_id,
            email: "ada@example.org".to_owned(),
            is_admin: false,
        },
        conversation: has_conversation.then(|| samples::conversations().remove(0)),
        snapshot: Snapshot {
            user_id,
            rows,
            cursor: "00c0ffee00c0ffee.9".parse().unwrap(),
            now: samples::NOW,
            cold_days: 90,
            gaps: Vec::new(),
        },
        span: ConversationSpan {
            from: has_conversation.then(|| samples::turn().uuid()),
            to: None,
        },
        models: [("gemini:g", "Gemini g"), ("groq:q", "Groq q")]
            .map(|(key, title)| ModelChoice {
                key: key.into(),
                title: title.into(),
            })
            .into(),
        on_hold: false,
        gone: false,
    }
}

#[test]
fn an_open_conversation_shows_messages_work_and_a_stop_button() {
    let room = html(|| view! { <ChatRoom page=page(true)/> });
    let text = text(&room);
    for words in [
        "A lighthouse, with music",
        "Today",
        "Who painted lighthouses best?",
        "painters of lighthouses",
        "Show earlier",
        "Stop",
        "Gemini g → Groq q",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("What shall we do?"), "{text}");
}

#[test]
fn a_new_conversation_suggests_prompts_that_work_without_javascript() {
    let demo_only_prompt = "name=\"content\" value=\"Let everything fail\"";
    let room = html(|| view! { <ChatRoom page=page(false)/> });
    assert!(
        room.contains("name=\"content\" value=\"Paint a lighthouse at dusk\"")
            && !room.contains(demo_only_prompt),
        "{room}"
    );
    let mut demo = page(false);
    demo.models = vec![ModelChoice {
        key: "demo:demo".into(),
        title: "Demo".into(),
    }];
    assert!(
        html(|| view! { <ChatRoom page=demo/> }).contains(demo_only_prompt),
        "only the demo model has a script for it"
    );
    assert!(text(&room).contains("Send"), "{room}");
}

#[test]
fn the_sidebar_opens_on_a_phone_without_javascript() {
    let room = html(|| view! { <ChatRoom page=page(false)/> });
    assert!(
        room.contains("popovertarget=\"side\"")
            && room.contains("id=\"side\"")
            && room.contains("popover=\"auto\""),
        "{room}"
    );
}

#[test]
fn rename_and_delete_are_plain_forms_in_popovers() {
    let room = html(|| view! { <ChatRoom page=page(true)/> });
    let id = samples::conversation_id();
    for dialog in ["rename", "delete"] {
        assert!(
            room.contains(&format!("popovertarget=\"{dialog}\"")),
            "{room}"
        );
        let inside = room
            .split(&format!("id=\"{dialog}\""))
            .nth(1)
            .unwrap_or_default()
            .split("</form>")
            .next()
            .unwrap_or_default();
        assert!(
            inside.contains(&format!(
                "method=\"post\" action=\"/fn/conversations/{dialog}\""
            )),
            "{inside}"
        );
        assert!(
            inside.contains(&format!("name=\"conversation_id\" value=\"{id}\"")),
            "{inside}"
        );
    }
    assert!(!html(|| view! { <ChatRoom page=page(false)/> }).contains("Rename this conversation"));
}

#[test]
fn a_part_of_a_conversation_links_to_earlier_and_later_rows() {
    let mut page = page(true);
    let (first, next) = (
        samples::looked_up(20)[1].id.uuid(),
        samples::looked_up(20)[2].id.uuid(),
    );
    page.span = ConversationSpan {
        from: Some(first),
        to: Some(next),
    };
    let room = html(|| view! { <ChatRoom page/> });
    let id = samples::conversation_id();
    assert!(
        room.contains(&format!("href=\"/c/{id}?before={first}\""))
            && room.contains(&format!("href=\"/c/{id}?from={next}\"")),
        "{room}"
    );
    assert_eq!(room.matches("class=\"entry\"").count(), 1, "{room}");
}

#[test]
fn the_composer_form_takes_files_and_shows_why_it_was_refused() {
    let room =
        html(|| view! { <ChatRoom page=page(true) trouble=Some("Too many files.".to_owned())/> });
    assert!(
        room.contains("action=\"/messages\" enctype=\"multipart/form-data\"")
            && room.contains("type=\"file\""),
        "{room}"
    );
    // Stop is a plain form post without the files.
    assert!(
        room.contains("formenctype=\"application/x-www-form-urlencoded\""),
        "{room}"
    );
    assert!(text(&room).contains("Too many files."), "{room}");
}
