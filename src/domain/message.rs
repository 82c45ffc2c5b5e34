//! Messages: sent by the user or written by the assistant.

use crate::domain::{
    MediaFile,
    ids::{ConversationId, MessageId, TurnId},
    json::{JsonFields, deserialize_by_read},
    time::Timestamp,
};
use serde::Serialize;
use serde_json::Value;

/// Maximum length of a user's message, in bytes of UTF-8.
pub const CONTENT_MAX_BYTES: usize = 32 * 1024;

crate::domain::vocabulary! {
    /// The author of a message.
    Role {
        /// The user.
        User = "user",
        /// The assistant.
        Assistant = "assistant",
    }
}

crate::domain::vocabulary! {
    /// The state of a message.
    MessageStatus {
        /// Being written; the text grows.
        Streaming = "streaming",
        /// Complete.
        Done = "done",
        /// Stopped by the user; the text so far is kept.
        Stopped = "stopped",
        /// Ended because the writing process died; the text so far is kept.
        Interrupted = "interrupted",
        /// No model answered; the content is a sentence that says so.
        Failed = "failed",
        /// Replaced by another answer, or its question was edited: still readable, but not sent to
        /// models any more.
        Superseded = "superseded",
    }
}

/// Model, tokens and times of an answer, as far as known. Times in milliseconds, tokens as the
/// provider counted them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerFacts {
    /// The model's provider; `demo` for the built-in model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The model's display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_name: Option<String>,
    /// From the request to the end of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    /// Tokens read by the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<i64>,
    /// Tokens written by the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<i64>,
    /// Whether Holly estimated the tokens because the provider sent no counts.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tokens_estimated: bool,
    /// From the request to the first token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<i64>,
    /// Whether another model was called before and failed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fallback: bool,
}

/// A message in pages, frames and the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// UUID v7; ids sort in order of creation.
    pub id: MessageId,
    /// The conversation it belongs to.
    pub conversation_id: ConversationId,
    /// The turn it started or belongs to.
    pub turn_id: Option<TurnId>,
    /// The author.
    pub role: Role,
    /// Plain text of the user, Markdown of the assistant.
    pub content: String,
    /// The assistant's Markdown up to `html_bytes`, rendered and sanitised on the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// How many bytes of `content` are rendered in `html`: all of a complete message, the finished
    /// blocks of a growing one.
    pub html_bytes: usize,
    /// The attached files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<MediaFile>,
    /// The current state.
    pub status: MessageStatus,
    /// Model, tokens and times of the answer.
    pub facts: AnswerFacts,
    /// Server time of its creation.
    pub created_at: Timestamp,
    /// Server time of its last change.
    pub updated_at: Timestamp,
    /// The owner's revision at which it last changed.
    pub rev: i64,
}

deserialize_by_read!(AnswerFacts);
deserialize_by_read!(Message);

impl AnswerFacts {
    /// Reads the facts from a JSON value.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = JsonFields::of(value)?;
        Some(Self {
            provider: fields.string("provider"),
            model_name: fields.string("modelName"),
            duration_ms: fields.number("durationMs"),
            input_tokens: fields.number("inputTokens"),
            output_tokens: fields.number("outputTokens"),
            tokens_estimated: fields.flag("tokensEstimated"),
            first_token_ms: fields.number("firstTokenMs"),
            fallback: fields.flag("fallback"),
        })
    }
}

impl Message {
    /// Reads a message from a JSON value.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = JsonFields::of(value)?;
        Some(Self {
            id: fields.parsed("id")?,
            conversation_id: fields.parsed("conversationId")?,
            turn_id: fields.parsed("turnId"),
            role: Role::of(fields.text("role")?)?,
            content: fields.string("content")?,
            html: fields.string("html"),
            html_bytes: fields
                .number("htmlBytes")
                .and_then(|bytes| bytes.try_into().ok())
                .unwrap_or_default(),
            attachments: fields
                .items("attachments")
                .iter()
                .filter_map(MediaFile::read)
                .collect(),
            status: MessageStatus::of(fields.text("status")?)?,
            facts: fields
                .value("facts")
                .and_then(AnswerFacts::read)
                .unwrap_or_default(),
            created_at: fields.time("createdAt")?,
            updated_at: fields.time("updatedAt")?,
            rev: fields.number("rev")?,
        })
    }
}

/// How the HTML of an item of a list or a row of a table begins, up to its first end of a line, and
/// how the HTML before it ends if that is of the same list or table.
const SEAMS: [(&str, &str); 3] = [
    ("<ul>", "</ul>\n"),
    ("<ol", "</ol>\n"),
    (
        "<div class=\"table-scroll\" tabindex=\"0\"><table><tbody>",
        "</tbody></table>\n</div>\n",
    ),
];

/// Appends the HTML of the next block of an answer. Items go into the list before them, rows into
/// the table.
pub fn join_block(html: &mut String, block: &str) {
    for (begin, end) in SEAMS {
        if block.starts_with(begin)
            && html.ends_with(end)
            && let Some(line) = block.find('\n')
        {
            html.truncate(html.len() - end.len());
            return html.push_str(&block[line + 1..]);
        }
    }
    html.push_str(block);
}
