use super::{html, text};
use crate::{
    components::{Can, ChatMessage, samples},
    domain::{MediaFile, Message, MessageStatus, Role},
};
use leptos::prelude::*;
use std::sync::Arc;

fn render(message: Message, live_text: Option<&str>, is_last: bool) -> String {
    let actions = Can {
        answer_again: is_last && message.role == Role::Assistant,
        write_anew: is_last && message.role == Role::User,
    };
    let live_text = live_text.map(str::to_owned);
    html(|| view! { <ChatMessage message=Arc::new(message) live_text can=actions/> })
}

#[test]
fn a_user_message_is_plain_text_with_its_line_breaks() {
    let html = render(
        samples::message(1, Role::User, MessageStatus::Done, "one\n<b>two</b>"),
        None,
        false,
    );
    assert!(html.contains("class=\"said\""), "{html}");
    assert!(html.contains("one\n&lt;b&gt;two"), "{html}");
}

#[test]
fn a_streaming_answer_shows_rendered_html_then_plain_text() {
    let message = samples::answer(1, MessageStatus::Streaming, "<p>Done.</p>", "Bein");
    let answer = render(message, Some("<p>Done.</p>Being <i>written</i>"), false);
    assert!(
        answer.contains("<div class=\"prose\"><p>Done.</p></div>"),
        "{answer}"
    );
    assert!(answer.contains("Being &lt;i&gt;written"), "{answer}");
    assert!(answer.contains("class=\"caret\""), "{answer}");
}

#[test]
fn longer_stored_text_wins_over_the_live_text() {
    let message = samples::answer(1, MessageStatus::Streaming, "", "Further than that");
    assert!(text(&render(message, Some("Further"), false)).starts_with("Further than that"));
}

#[test]
fn a_finished_answer_shows_its_facts_in_one_line() {
    let answer = render(
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
fn an_answer_that_ended_early_shows_why() {
    for (status, word) in [
        (MessageStatus::Stopped, "Stopped"),
        (MessageStatus::Interrupted, "Interrupted"),
        (MessageStatus::Failed, "Failed"),
    ] {
        let answer = render(samples::answer(1, status, "<p>Hello</p>", ""), None, false);
        assert!(
            text(&answer).starts_with(&format!("Hello {word}")),
            "{answer}"
        );
    }
}

#[test]
fn the_last_answer_can_be_regenerated_without_javascript() {
    for (status, word) in [
        (MessageStatus::Failed, "Try again"),
        (MessageStatus::Done, "Another answer"),
    ] {
        let answer = || samples::answer(1, status, "", "No model could be reached.");
        let last = render(answer(), None, true);
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
        assert!(!render(answer(), None, false).contains("<form"));
    }
}

#[test]
fn the_last_user_message_can_be_edited() {
    let message = || samples::message(1, Role::User, MessageStatus::Done, "</textarea>What?");
    let last = render(message(), None, true);
    assert!(
        last.contains("/fn/turns/edit") && last.contains("&lt;/textarea&gt;What?</textarea>"),
        "{last}"
    );
    assert!(!render(message(), None, false).contains("<form"));
}

#[test]
fn a_superseded_message_is_collapsed() {
    let answer = render(
        samples::answer(1, MessageStatus::Superseded, "<p>Old</p>", ""),
        None,
        false,
    );
    assert!(
        answer.contains(
            "<details class=\"replaced\"><summary>An earlier answer</summary>\
             <div class=\"prose\"><p>Old"
        ),
        "{answer}"
    );
    assert!(
        render(
            samples::message(1, Role::User, MessageStatus::Superseded, "Old"),
            None,
            false
        )
        .contains("An earlier wording")
    );
}

#[test]
fn attachments_show_pictures_inline_and_links_to_other_files() {
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
    let html = render(message, None, false);
    assert!(
        html.starts_with("<div class=\"asked\"") && html.ends_with("</figure></div></div>"),
        "{html}"
    );
    assert!(
        html.contains(&format!("<img src=\"{picture}\" alt=\"tower.png\"")),
        "{html}"
    );
    assert!(
        html.contains(&format!(
            "<a href=\"{note}\" aria-label=\"Open &lt;oil&gt;.md\">Open</a>"
        )),
        "{html}"
    );
    assert_eq!(html.matches("<img").count(), 1);
}
