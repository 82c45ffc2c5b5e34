//! What was said: the person's words in a bubble, or the assistant's answer.

use super::{Html, entry::token_words, media};
use crate::{
    domain::{CONTENT_MAX_BYTES, Message, MessageStatus, Role, duration_words, time::Timestamp},
    live::AnswerText,
    server_fns::{EditMessage, RetryTurn},
};
use leptos::server_fn::ServerFn;

/// What a reader can do about a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Can {
    /// Ask for another answer: it is the last one, or the question that has none, and nothing runs.
    pub answer_again: bool,
    /// Write it anew: it is the person's last message, and nothing runs.
    pub write_anew: bool,
}

/// A message. While it is being written, `live` is its text so far, ahead of what is stored.
pub fn message(html: &mut Html, message: &Message, live: Option<&AnswerText>, can: Can) {
    match message.role {
        Role::User => asked(html, message, can),
        Role::Assistant => answer(html, message, live, can),
    }
}

fn asked(html: &mut Html, message: &Message, can: Can) {
    html.raw("<div class=\"asked\"")
        .attribute("data-status", message.status.as_str())
        .raw(">");
    let replaced = begin_replaced(html, message, "An earlier wording");
    html.raw("<p class=\"said\">")
        .element("span", "unseen", "You said: ")
        .text(&message.content)
        .raw("</p>");
    attachments(html, message);
    end_replaced(html, replaced);
    if can.answer_again {
        again(html, message, "Try again");
    }
    if can.write_anew {
        write_anew(html, message);
    }
    html.raw("</div>");
}

/// The files beside the words: pictures to look at, others to open.
fn attachments(html: &mut Html, message: &Message) {
    if message.attachments.is_empty() {
        return;
    }
    html.raw("<div class=\"media-row\">");
    for file in &message.attachments {
        media(html, file, &file.url());
    }
    html.raw("</div>");
}

fn answer(html: &mut Html, message: &Message, live: Option<&AnswerText>, can: Can) {
    let writing = message.status == MessageStatus::Streaming;
    let (rendered, rest) = match live.filter(|_| writing) {
        Some(live) => (Some(&live.html), live.rest.as_str()),
        None => (
            message.html.as_ref(),
            message
                .content
                .get(message.html_bytes..)
                .unwrap_or_default(),
        ),
    };
    html.raw("<article class=\"answer\" aria-label=\"Answer\"")
        .attribute("data-status", message.status.as_str())
        .raw(">");
    let replaced = begin_replaced(html, message, "An earlier answer");
    if let Some(rendered) = rendered {
        // The server's sanitiser has been over it.
        html.raw("<div class=\"prose\">")
            .raw(rendered)
            .raw("</div>");
    }
    if writing || !rest.is_empty() {
        html.raw("<p class=\"rest\">").text(rest);
        html.raw(if writing {
            "<span class=\"caret\" aria-hidden=\"true\"></span></p>"
        } else {
            "</p>"
        });
    }
    if !writing {
        facts(html, message);
    }
    end_replaced(html, replaced);
    if can.answer_again {
        again(
            html,
            message,
            if message.status == MessageStatus::Failed {
                "Try again"
            } else {
                "Another answer"
            },
        );
    }
    html.raw("</article>");
}

/// What was replaced is put away, to be opened.
fn begin_replaced(html: &mut Html, message: &Message, summary: &str) -> bool {
    let replaced = message.status == MessageStatus::Superseded;
    if replaced {
        html.raw("<details class=\"replaced\">")
            .element("summary", "", summary);
    }
    replaced
}

fn end_replaced(html: &mut Html, replaced: bool) {
    if replaced {
        html.raw("</details>");
    }
}

fn again(html: &mut Html, message: &Message, word: &str) {
    let kind = if word == "Try again" {
        "button"
    } else {
        "plain"
    };
    html.raw("<form class=\"again\" method=\"post\" data-live")
        .attribute("action", RetryTurn::url())
        .raw(">");
    html.hidden("conversation_id", &message.conversation_id.to_string());
    html.raw("<button")
        .attribute("class", kind)
        .raw(">")
        .icon("retry")
        .text(word)
        .raw("</button>")
        .trouble()
        .raw("</form>");
}

fn write_anew(html: &mut Html, message: &Message) {
    html.raw("<details class=\"anew\"><summary>")
        .icon("pencil")
        .raw("Edit</summary>");
    html.raw("<form method=\"post\" data-live")
        .attribute("action", EditMessage::url())
        .raw(">");
    html.hidden("conversation_id", &message.conversation_id.to_string())
        .hidden("message_id", &message.id.to_string());
    html.raw("<textarea name=\"content\" required aria-label=\"Your message, written anew\"");
    html.attribute("maxlength", &CONTENT_MAX_BYTES.to_string())
        .raw(">\n")
        .text(&message.content)
        .raw("</textarea>");
    html.raw("<button class=\"button\">")
        .icon("send")
        .raw("Send again</button>")
        .trouble()
        .raw("</form></details>");
}

/// Under an answer: why it ended early, who gave it, how long it took, what it cost.
fn facts(html: &mut Html, message: &Message) {
    let facts = &message.facts;
    html.raw("<p class=\"by\">");
    if let Some(word) = ended_early(message.status) {
        html.element("span", "ended", word);
    }
    let known = [
        facts.model_name.clone(),
        facts.fallback.then(|| "fallback".to_owned()),
        facts.duration_ms.map(duration_words),
        facts
            .first_token_ms
            .map(|ms| format!("first word after {}", duration_words(ms))),
        token_words(
            facts.input_tokens,
            facts.output_tokens,
            facts.tokens_estimated,
        ),
    ];
    for fact in known.into_iter().flatten() {
        html.element("span", "", &fact);
    }
    relative_time(html, message.created_at);
    html.raw("</p>");
}

/// A date, exact on hover and for machines; `ticking` makes it `5 min ago`.
fn relative_time(html: &mut Html, at: Timestamp) {
    html.raw("<time class=\"relative\"")
        .attribute("datetime", &at.to_string())
        .attribute("title", &at.date_time())
        .raw(">");
    html.text(&at.date()).raw("</time>");
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
