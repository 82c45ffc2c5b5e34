use super::{html, text};
use crate::{
    chat::{Message, MessageStatus, Role},
    components::{ChatMessage, samples},
};
use leptos::prelude::*;
use std::sync::Arc;

fn shown(message: Message, live_text: Option<&str>, can_retry: bool) -> String {
    let live_text = live_text.map(str::to_owned);
    html(|| view! { <ChatMessage message=Arc::new(message) live_text can_retry/> })
}

#[test]
fn the_persons_words_are_plain_text_with_their_line_breaks() {
    let said = shown(samples::message(1, Role::User, MessageStatus::Done, "one\n<b>two</b>"), None, false);
    assert!(said.contains("class=\"said\""), "{said}");
    assert!(said.contains("one\n&lt;b&gt;two"), "{said}");
}

#[test]
fn a_growing_answer_is_what_is_rendered_and_then_the_rest_as_plain_text() {
    let growing = samples::answer(1, MessageStatus::Streaming, "<p>Done.</p>", "Bein");
    let answer = shown(growing, Some("<p>Done.</p>Being <i>written</i>"), false);
    assert!(answer.contains("<div class=\"prose\"><p>Done.</p></div>"), "{answer}");
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
    let answer = shown(samples::answer(1, MessageStatus::Done, "<p>Hello</p>", ""), None, false);
    assert_eq!(text(&answer), "Hello Demo Scripted model 3.1 s first word after 0.4 s 641 → 98 tokens 24 Nov 2026");
    assert!(!answer.contains("class=\"caret\"") && !answer.contains("class=\"rest\""), "{answer}");
}

#[test]
fn an_answer_that_ended_early_says_why() {
    for (status, word) in
        [(MessageStatus::Stopped, "Stopped"), (MessageStatus::Interrupted, "Interrupted"), (MessageStatus::Failed, "Failed")]
    {
        let answer = shown(samples::answer(1, status, "<p>Hello</p>", ""), None, false);
        assert!(text(&answer).starts_with(&format!("Hello {word}")), "{answer}");
    }
}

#[test]
fn only_the_last_failed_answer_can_be_tried_again_and_without_javascript_too() {
    let failed = || samples::answer(1, MessageStatus::Failed, "", "No model could be reached.");
    let last = shown(failed(), None, true);
    assert!(last.contains("Try again") && last.contains("method=\"post\""), "{last}");
    assert!(last.contains(&format!("name=\"conversation_id\" value=\"{}\"", samples::conversation_id())), "{last}");
    assert!(!shown(failed(), None, false).contains("Try again"));
    assert!(!shown(samples::answer(1, MessageStatus::Done, "", "Fine."), None, true).contains("Try again"));
}
