use super::{html, text};
use crate::{
    components::{Can, ChatMessage, samples},
    domain::{MediaFile, Message, MessageStatus, Role},
};
use leptos::prelude::*;
use std::sync::Arc;

fn shown(message: Message, live_text: Option<&str>, is_last: bool) -> String {
    let can = Can {
        answer_again: is_last && message.role == Role::Assistant,
        write_anew: is_last && message.role == Role::User,
    };
    let live_text = live_text.map(str::to_owned);
    html(|| view! { <ChatMessage message=Arc::new(message) live_text can/> })
}

#[test]
fn the_persons_words_are_plain_text_with_their_line_breaks() {
    let said = shown(
        samples::message(1, Role::User, MessageStatus::Done, "one\n<b>two</b>"),
        None,
        false,
    );
    assert!(said.contains("class=\"said\""), "{said}");
    assert!(said.contains("one\n&lt;b&gt;two"), "{said}");
}

#[test]
fn a_growing_answer_is_what_is_rendered_and_then_the_rest_as_plain_text() {
    let growing = samples::answer(1, MessageStatus::Streaming, "<p>Done.</p>", "Bein");
    let answer = shown(growing, Some("<p>Done.</p>Being <i>written</i>"), false);
    assert!(
        answer.contains("<div class=\"prose\"><p>Done.</p></div>"),
        "{answer}"
    );
    assert!(answer.contains("Being &lt;i&gt;written"), "{answer}");
    assert!(answer.contains("class=\"caret\""), "{answer}");
}

#[test]
fn stored_text_that_is_longer_than_the_live_text_is_shown() {
    let growing = samples::answer(1, MessageStatus::Streaming, "", "Further than that");
    assert!(text(&shown(growing, Some("Further"), false)).starts_with("Further than that"));
}

#[test]
fn a_whole_answer_has_its_facts_in_one_line() {
    let answer = shown(
        samples::answer(1, MessageStatus::Done, "<p>Hello</p>", ""),
        None,
        false,
    );
    assert_eq!(
        text(&answer),
        "Hello Demo 3.1 s first word after 0.4 s 641 → 98 tokens 24 Nov 2026"
    );
    assert!(
        !answer.contains("class=\"caret\"") && !answer.contains("class=\"rest\""),
        "{answer}"
    );
}

#[test]
fn an_answer_that_ended_early_says_why() {
    for (status, word) in [
        (MessageStatus::Stopped, "Stopped"),
        (MessageStatus::Interrupted, "Interrupted"),
        (MessageStatus::Failed, "Failed"),
    ] {
        let answer = shown(samples::answer(1, status, "<p>Hello</p>", ""), None, false);
        assert!(
            text(&answer).starts_with(&format!("Hello {word}")),
            "{answer}"
        );
    }
}

#[test]
fn the_last_answer_can_be_asked_for_again_and_without_javascript_too() {
    for (status, word) in [
        (MessageStatus::Failed, "Try again"),
        (MessageStatus::Done, "Another answer"),
    ] {
        let answer = || samples::answer(1, status, "", "No model could be reached.");
        let last = shown(answer(), None, true);
        assert!(
            last.contains(word) && last.contains("method=\"post\""),
            "{last}"
        );
        assert!(
            last.contains(&format!(
                "name=\"conversation_id\" value=\"{}\"",
                samples::conversation_id()
            )),
            "{last}"
        );
        assert!(!shown(answer(), None, false).contains("<form"));
    }
}

#[test]
fn the_last_message_can_be_written_anew() {
    let said = || samples::message(1, Role::User, MessageStatus::Done, "</textarea>What?");
    let last = shown(said(), None, true);
    assert!(
        last.contains("/fn/turns/edit") && last.contains("&lt;/textarea&gt;What?</textarea>"),
        "{last}"
    );
    assert!(!shown(said(), None, false).contains("<form"));
}

#[test]
fn what_was_replaced_is_put_away_and_can_be_opened() {
    let answer = shown(
        samples::answer(1, MessageStatus::Superseded, "<p>Old</p>", ""),
        None,
        false,
    );
    assert!(answer.contains("<details class=\"replaced\"><summary>An earlier answer</summary><div class=\"prose\"><p>Old"), "{answer}");
    assert!(
        shown(
            samples::message(1, Role::User, MessageStatus::Superseded, "Old"),
            None,
            false
        )
        .contains("An earlier wording")
    );
}

#[test]
fn files_stand_beside_what_was_said_pictures_to_look_at_and_others_to_open() {
    let attachments = vec![
        MediaFile {
            media_type: "image/png".into(),
            name: "tower.png".into(),
            description: "tower.png".into(),
            ..samples::files().remove(0)
        },
        MediaFile {
            media_type: "text/plain".into(),
            name: "<oil>.md".into(),
            description: "<oil>.md".into(),
            ..samples::files().remove(1)
        },
    ];
    let (picture, note) = (attachments[0].url(), attachments[1].url());
    let message = Message {
        attachments,
        ..samples::message(1, Role::User, MessageStatus::Done, "What are these?")
    };
    assert_eq!(
        Message::read(&serde_json::to_value(&message).unwrap()),
        Some(message.clone())
    );
    let said = shown(message, None, false);
    assert!(
        said.starts_with("<div class=\"asked\"") && said.ends_with("</figure></div></div>"),
        "{said}"
    );
    assert!(
        said.contains(&format!("<img src=\"{picture}\" alt=\"tower.png\"")),
        "{said}"
    );
    assert!(
        said.contains(&format!(
            "<a href=\"{note}\" aria-label=\"Open &lt;oil&gt;.md\">Open</a>"
        )),
        "{said}"
    );
    assert_eq!(said.matches("<img").count(), 1);
}
