//! What was said: the person's words in a bubble, or the assistant's answer.

use super::markup::{Can, Html, message as markup};
use crate::{
    domain::{AnswerGrowth, Message},
    live::AnswerText,
};
use leptos::{prelude::*, tachys::html::InertElement};
use std::sync::Arc;

/// A message. While it is being written, `live_text` is its whole text so far, ahead of what is
/// stored.
#[component]
pub fn ChatMessage(
    /// The message.
    message: Arc<Message>,
    /// The text so far, while the answer streams.
    live_text: Option<String>,
    /// What can be done about it.
    can: Can,
) -> impl IntoView {
    let mut html = Html::default();
    let live = live_text.map(|text| {
        let mut live = AnswerText::default();
        live.take_row(&message);
        live.grow(&AnswerGrowth::Text { offset: 0, text });
        live
    });
    markup(&mut html, &message, live.as_ref(), can);
    InertElement::new(html.take())
}
