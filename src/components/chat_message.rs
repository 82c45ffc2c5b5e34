//! What was said: the person's words in a bubble, or the assistant's answer.

use super::markup::{Html, message as markup};
use crate::chat::Message;
use leptos::{prelude::*, tachys::html::InertElement};
use std::sync::Arc;

/// A message. While it is being written, `live_text` is its whole text so far, ahead of what is stored.
#[component]
pub fn ChatMessage(
    /// The message.
    message: Arc<Message>,
    /// The text so far, while the answer streams.
    live_text: Option<String>,
    /// Whether a failed answer can be tried again: it is the conversation's last message and nothing runs.
    can_retry: bool,
) -> impl IntoView {
    let mut html = Html::default();
    markup(&mut html, &message, live_text.as_deref(), can_retry);
    InertElement::new(html.take())
}
