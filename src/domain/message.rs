//! What was said: by the person or by the assistant.

use crate::domain::{
    MediaFile,
    ids::{ConversationId, MessageId, TurnId},
    json::{JsonFields, deserialize_by_read},
    time::Timestamp,
};
use serde::Serialize;
use serde_json::Value;

/// Longest message a person may send, in bytes of UTF-8.
pub const CONTENT_MAX_BYTES: usize = 32 * 1024;

crate::domain::vocabulary! {
    /// Who said it.
    Role {
        /// The person.
        User = "user",
        /// The assistant.
        Assistant = "assistant",
    }
}

crate::domain::vocabulary! {
    /// How a message stands.
    MessageStatus {
        /// It is being written; its text grows.
        Streaming = "streaming",
        /// It is whole.
        Done = "done",
        /// The person stopped it; what there was stays.
        Stopped = "stopped",
        /// Whoever wrote it died; what there was stays.
        Interrupted = "interrupted",
        /// No answer could be had; the content says so in a plain sentence.
        Failed = "failed",
        /// The person asked for another answer, or wrote the question anew: it stays to be read,
        /// and no model is told of it.
        Superseded = "superseded",
    }
}

/// What an answer cost, where it is known. Times in milliseconds, tokens as the provider measured
/// them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerFacts {
    /// Who ran the model; `demo` for the built-in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The model's name as a person reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_name: Option<String>,
    /// From the question to the end of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    /// Tokens read by the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<i64>,
    /// Tokens written by the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<i64>,
    /// Whether the tokens were counted by Holly because the provider gave none.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tokens_estimated: bool,
    /// From the question to the first word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<i64>,
    /// Whether another model was asked before and failed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fallback: bool,
}

/// A message as pages, frames and the API show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// UUID v7; ids sort in the order in which messages began.
    pub id: MessageId,
    /// The conversation it was said in.
    pub conversation_id: ConversationId,
    /// The turn it began or belongs to.
    pub turn_id: Option<TurnId>,
    /// Who said it.
    pub role: Role,
    /// The text: plain for the person, Markdown for the assistant.
    pub content: String,
    /// The assistant's Markdown up to `html_bytes`, rendered and sanitised on the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// How many bytes of `content` stand in `html`: all of it once the message is whole, finished
    /// blocks before.
    pub html_bytes: usize,
    /// The files that the person attached.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<MediaFile>,
    /// How it stands.
    pub status: MessageStatus,
    /// What the answer cost.
    pub facts: AnswerFacts,
    /// Server time at which it began.
    pub created_at: Timestamp,
    /// Server time of its last change.
    pub updated_at: Timestamp,
    /// The owner's revision at which it last changed.
    pub rev: i64,
}

deserialize_by_read!(AnswerFacts);
deserialize_by_read!(Message);

impl AnswerFacts {
    /// The facts in a JSON value.
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
    /// The message in a JSON value.
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

/// How many bytes of growing Markdown are whole blocks: up to the last blank line that is not
/// inside a code fence.
pub fn finished_blocks(markdown: &str) -> usize {
    let (mut finished, mut fenced, mut at) = (0, false, 0);
    for line in markdown.split_inclusive('\n') {
        at += line.len();
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced && line == "\n" {
            finished = at;
        }
    }
    finished
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_end_at_blank_lines_outside_fences() {
        for (markdown, finished) in [
            ("", 0),
            ("one", 0),
            ("one\n\n", 5),
            ("one\n\ntwo", 5),
            ("```\na\n\nb", 0),
            ("```\na\n\nb\n```\n\nc", 14),
        ] {
            assert_eq!(finished_blocks(markdown), finished, "{markdown:?}");
        }
    }
}
