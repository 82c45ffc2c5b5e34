//! Markdown of answers is rendered once for each revision, and as far as it is finished.

use crate::{
    components::samples,
    domain::{Message, MessageStatus, Role},
    server::base::{new_id, rendered_markdown::render_messages},
};

fn answer(status: MessageStatus, content: &str) -> Message {
    Message {
        id: new_id::message(samples::NOW),
        ..samples::message(1, Role::Assistant, status, content)
    }
}

#[tokio::test]
async fn a_revision_is_rendered_once_and_another_one_again() {
    let mut message = answer(MessageStatus::Done, "*one*");
    render_messages([&mut message]).await;
    assert_eq!(message.html.as_deref(), Some("<p><em>one</em></p>\n"));

    // The same revision comes from the cache, whatever its text.
    let mut again = Message {
        content: "*two*".into(),
        html: None,
        ..message.clone()
    };
    render_messages([&mut again]).await;
    assert_eq!(again.html, message.html);

    let mut newer = Message {
        rev: message.rev + 1,
        html: None,
        ..again
    };
    render_messages([&mut newer]).await;
    assert_eq!(newer.html.as_deref(), Some("<p><em>two</em></p>\n"));
}

#[tokio::test]
async fn only_finished_blocks_of_a_growing_answer_are_rendered() {
    let mut message = answer(MessageStatus::Streaming, "one\n\ntwo *unfin");
    render_messages([&mut message]).await;
    assert_eq!(message.html.as_deref(), Some("<p>one</p>\n"));
    assert_eq!(&message.content[message.html_bytes..], "two *unfin");
}

#[tokio::test]
async fn what_the_user_wrote_is_not_rendered() {
    let mut message = samples::message(1, Role::User, MessageStatus::Done, "*one*");
    render_messages([&mut message]).await;
    assert_eq!(message.html, None);
}
