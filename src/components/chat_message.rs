//! What was said: the person's words in a bubble, or the assistant's answer.

use super::{entry_facts::token_words, media_figure::MediaFigure, retry_button::RetryButton, time::RelativeTime};
use crate::{
    chat::{Message, MessageStatus, Role},
    work_log::duration_words,
};
use leptos::{either::Either, prelude::*};
use std::sync::Arc;

/// A message. While it is being written, `live_text` is its whole text so far, ahead of what is stored.
#[component]
pub fn ChatMessage(
    /// The message, or a signal of it.
    #[prop(into)]
    message: Signal<Arc<Message>>,
    /// The text so far, while the answer streams.
    #[prop(into)]
    live_text: Signal<Option<String>>,
    /// Whether a failed answer can be tried again: it is the conversation's last message and nothing runs.
    #[prop(into)]
    can_retry: Signal<bool>,
) -> impl IntoView {
    match message.with_untracked(|message| message.role) {
        Role::User => Either::Left(view! {
            <p class="said">
                <span class="unseen">"You said: "</span>
                {move || message.with(|message| message.content.clone())}
            </p>
            <Attachments message/>
        }),
        Role::Assistant => Either::Right(view! { <Answer message live_text can_retry/> }),
    }
}

/// The files beside what a person said.
#[component]
fn Attachments(message: Signal<Arc<Message>>) -> impl IntoView {
    let files = message.with_untracked(|message| message.attachments.clone());
    (!files.is_empty()).then(|| {
        view! { <div class="media-row" data-side="end">{files.into_iter().map(|file| view! { <MediaFigure file/> }).collect_view()}</div> }
    })
}

#[component]
fn Answer(message: Signal<Arc<Message>>, live_text: Signal<Option<String>>, can_retry: Signal<bool>) -> impl IntoView {
    let conversation_id = message.with_untracked(|message| message.conversation_id);
    let status = Memo::new(move |_| message.with(|message| message.status));
    let html = Memo::new(move |_| message.with(|message| message.html.clone()));
    let rest = Memo::new(move |_| message.with(|message| rest_of(message, live_text.get())));
    let writing = move || status.get() == MessageStatus::Streaming;
    view! {
        <article class="answer" aria-label="Answer" data-status=move || status.get().as_str()>
            {move || html.get().map(|html| view! { <div class="prose" inner_html=html></div> })}
            <Show when=move || writing() || rest.with(|rest| !rest.is_empty())>
                <p class="rest">
                    {move || rest.get()}
                    <Show when=writing>
                        <span class="caret" aria-hidden="true"></span>
                    </Show>
                </p>
            </Show>
            <Facts message/>
            <Show when=move || status.get() == MessageStatus::Failed && can_retry.get()>
                <RetryButton conversation_id/>
            </Show>
        </article>
    }
}

/// The text that is not rendered yet. The longer of the stored and the live text is the newer one.
fn rest_of(message: &Message, live_text: Option<String>) -> String {
    let live = live_text.filter(|text| message.status == MessageStatus::Streaming && text.len() > message.content.len());
    let text = live.as_deref().unwrap_or(&message.content);
    text.get(message.html_bytes..).unwrap_or_default().to_owned()
}

/// Under an answer: who gave it, how long it took, what it cost, and why it ended early.
#[component]
fn Facts(message: Signal<Arc<Message>>) -> impl IntoView {
    let facts = Memo::new(move |_| message.with(|message| facts(message)));
    let ended = Memo::new(move |_| message.with(|message| ended_early(message.status)));
    let created_at = Memo::new(move |_| message.with(|message| message.created_at));
    let settled = move || message.with(|message| message.status != MessageStatus::Streaming);
    view! {
        <Show when=settled>
            <p class="by">
                {move || ended.get().map(|word| view! { <span class="ended">{word}</span> })}
                {move || facts.get().into_iter().map(|fact| view! { <span>{fact}</span> }).collect_view()}
                <RelativeTime at=created_at/>
            </p>
        </Show>
    }
}

fn facts(message: &Message) -> Vec<String> {
    let facts = &message.facts;
    let demo = facts.provider.as_deref() == Some("demo") && facts.model_name.as_deref() != Some("Demo");
    [
        demo.then(|| "Demo".to_owned()),
        facts.model_name.clone(),
        facts.fallback.then(|| "fallback".to_owned()),
        facts.duration_ms.map(duration_words),
        facts.first_token_ms.map(|ms| format!("first word after {}", duration_words(ms))),
        token_words(facts.input_tokens, facts.output_tokens, facts.tokens_estimated),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const fn ended_early(status: MessageStatus) -> Option<&'static str> {
    match status {
        MessageStatus::Streaming | MessageStatus::Done => None,
        MessageStatus::Stopped => Some("Stopped"),
        MessageStatus::Interrupted => Some("Interrupted"),
        MessageStatus::Failed => Some("Failed"),
        MessageStatus::Superseded => Some("Replaced"),
    }
}
