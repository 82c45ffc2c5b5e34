//! What a model is told about a conversation: its messages, and the tool calls of earlier turns
//! with their results, as far as their entries are still rows.

use super::{
    AssistantDeps, attachments,
    model::{PromptMessage, ToolCall},
};
use crate::{
    domain::{
        Message, MessageStatus, Role, WorkLogEntry,
        ids::{EntryId, TurnId},
    },
    server::{
        base::{error::Result, masking::mask},
        chat,
        store::{turns::TurnRef, work_logs},
    },
};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// Maximum number of messages read for a model; its context window usually holds fewer.
const MESSAGES_MAX: i64 = 400;
/// Maximum number of earlier tool calls read for a model.
const CALLS_MAX: i64 = 100;
/// Maximum size of the result of an earlier call, and of its arguments, as JSON in bytes.
const PART_MAX_BYTES: usize = 4 * 1024;
/// Space reserved for the note about what was cut.
const NOTE_BYTES: usize = 48;
/// Lengths to which long strings in arguments are cut, in characters, tried in this order.
const STRING_MAX_CHARS: [usize; 4] = [1_000, 300, 100, 30];
const SYSTEM_PROMPT: &str = "You are Holly, a helpful assistant. Answer in Markdown. \
    Use the tools when the user asks for a picture, music or a film.";

/// The conversation so far, and the model chosen for it.
pub(super) async fn history(
    deps: &AssistantDeps,
    turn: TurnRef,
) -> Result<(Vec<PromptMessage>, Option<String>)> {
    let (user, id) = (turn.user_id, turn.conversation_id);
    let mut reader = deps.store.read().await?;
    let conversation = chat::find_conversation(&mut reader, user, id).await?;
    let mut messages = chat::history(&mut reader, user, id, MESSAGES_MAX).await?;
    let calls = work_logs::calls_of_turns(&mut reader, user, id, CALLS_MAX).await?;
    drop(reader);
    let calls = valid_calls(&messages, calls, turn.id);
    messages.retain(|message| message.status != MessageStatus::Superseded);
    let pictures = attachments::recent_pictures(&messages);
    let mut rounds = rounds(calls).into_iter().peekable();
    let mut history = vec![PromptMessage::System(SYSTEM_PROMPT.to_owned())];
    for message in messages {
        while let Some(round) = rounds.next_if(|round| round.id < message.id.uuid()) {
            history.extend(round.messages);
        }
        match message.role {
            Role::User => {
                let message = attachments::prompt_message(deps, user, message, &pictures);
                history.push(message.await);
            }
            Role::Assistant => history.extend(assistant_message(message)),
        }
    }
    history.extend(rounds.flat_map(|round| round.messages));
    Ok((history, conversation.model))
}

fn assistant_message(message: Message) -> Option<PromptMessage> {
    match message.status {
        MessageStatus::Failed | MessageStatus::Streaming => None,
        _ => Some(message.content)
            .filter(|text| !text.is_empty())
            .map(PromptMessage::Assistant),
    }
}

/// The entries of turns whose answer counts: the last turn of each message of the user that is not
/// superseded.
fn valid_calls(
    messages: &[Message],
    mut entries: Vec<WorkLogEntry>,
    current: TurnId,
) -> Vec<WorkLogEntry> {
    let mut questions: Vec<(TurnId, bool)> = messages
        .iter()
        .filter(|message| message.role == Role::User)
        .filter_map(|message| {
            Some((
                message.turn_id?,
                message.status != MessageStatus::Superseded,
            ))
        })
        .collect();
    questions.sort_unstable();
    let question = |turn: TurnId| {
        questions
            .partition_point(|(first, _)| *first <= turn)
            .checked_sub(1)
    };
    let turns = messages.iter().filter_map(|message| message.turn_id);
    let turns = turns.chain(entries.iter().filter_map(|entry| entry.turn_id));
    let mut last: HashMap<usize, TurnId> = HashMap::new();
    for turn in turns.chain([current]) {
        if let Some(at) = question(turn) {
            let newest = last.entry(at).or_insert(turn);
            *newest = turn.max(*newest);
        }
    }
    entries.retain(|entry| {
        let turn = entry.turn_id.filter(|turn| *turn != current);
        turn.is_some_and(|turn| {
            question(turn).is_some_and(|at| questions[at].1 && last.get(&at) == Some(&turn))
        })
    });
    entries
}

/// The calls of one answer with their results.
struct Round {
    /// The id of the first entry.
    id: Uuid,
    parent: Option<EntryId>,
    messages: Vec<PromptMessage>,
}

/// Groups entries, oldest first, by the model call that requested them.
fn rounds(entries: Vec<WorkLogEntry>) -> Vec<Round> {
    let mut rounds: Vec<(Round, Vec<ToolCall>)> = Vec::new();
    for entry in entries {
        let Some(call) = call(&entry) else { continue };
        let result = PromptMessage::Result {
            call_id: call.id.clone(),
            text: result(&entry),
        };
        match rounds.last_mut() {
            Some((round, calls)) if round.parent == entry.parent_id => {
                calls.push(call);
                round.messages.push(result);
            }
            _ => rounds.push((
                Round {
                    id: entry.id.uuid(),
                    parent: entry.parent_id,
                    messages: vec![result],
                },
                vec![call],
            )),
        }
    }
    let with_calls = |(mut round, calls): (Round, Vec<ToolCall>)| {
        round.messages.insert(0, PromptMessage::Calls(calls));
        round
    };
    rounds.into_iter().map(with_calls).collect()
}

fn call(entry: &WorkLogEntry) -> Option<ToolCall> {
    let arguments = entry.metadata.text("arguments").unwrap_or_default();
    let arguments = serde_json::from_str(arguments)
        .ok()
        .filter(Value::is_object)
        .unwrap_or_else(|| json!({ "beginning": arguments }));
    Some(ToolCall {
        id: entry.metadata.text("toolCallId")?.to_owned(),
        name: entry.metadata.text("tool")?.to_owned(),
        arguments,
        signatures: Vec::new(),
    })
}

/// What the model was told, or what the entry says about it.
fn result(entry: &WorkLogEntry) -> String {
    let metadata = &entry.metadata;
    if let Some(told) = metadata.text("toolResult") {
        return told.to_owned();
    }
    if metadata.flag("stopped") || metadata.flag("interrupted") {
        return "It was stopped before it ended.".to_owned();
    }
    if let Some(error) = metadata.text("error") {
        return short_text(&format!("The tool failed: {error}"));
    }
    entry
        .details
        .as_deref()
        .map_or_else(|| "The result was not kept.".to_owned(), short_text)
}

/// A text for metadata: secrets are masked, and a long one is cut with a note.
pub(super) fn short_text(text: &str) -> String {
    let (mut text, _) = mask(text);
    if json_bytes(&text) <= PART_MAX_BYTES {
        return text;
    }
    let (mut bytes, total) = (0, text.len());
    let end = text.char_indices().find_map(|(at, c)| {
        bytes += char_json_bytes(c);
        (bytes > PART_MAX_BYTES - NOTE_BYTES).then_some(at)
    });
    text.truncate(end.unwrap_or(total));
    let omitted = total - text.len();
    text.push_str(&format!("\n… {omitted} bytes left out"));
    text
}

/// Arguments for metadata as JSON: long strings in them are cut, so that it stays JSON.
pub(super) fn short_arguments(arguments: &Value) -> String {
    let whole = arguments.to_string();
    if json_bytes(&whole) <= PART_MAX_BYTES {
        return whole;
    }
    for max_chars in STRING_MAX_CHARS {
        let shortened = with_short_strings(arguments, max_chars).to_string();
        if json_bytes(&shortened) <= PART_MAX_BYTES {
            return shortened;
        }
    }
    json!({ "leftOut": format!("{} bytes of arguments", whole.len()) }).to_string()
}

fn with_short_strings(value: &Value, max_chars: usize) -> Value {
    match value {
        Value::String(text) => match text.char_indices().nth(max_chars) {
            Some((end, _)) => {
                let omitted = text.len() - end;
                Value::String(format!("{}… {omitted} bytes left out", &text[..end]))
            }
            None => value.clone(),
        },
        Value::Array(values) => {
            let short = values
                .iter()
                .map(|value| with_short_strings(value, max_chars));
            Value::Array(short.collect())
        }
        Value::Object(fields) => {
            let short = |(name, value): (&String, &Value)| {
                (name.clone(), with_short_strings(value, max_chars))
            };
            Value::Object(fields.iter().map(short).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

/// The size of a text as a JSON string, or a little more.
fn json_bytes(text: &str) -> usize {
    2 + text.chars().map(char_json_bytes).sum::<usize>()
}

fn char_json_bytes(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        '\0'..='\x1f' => 6,
        c => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        AnswerFacts, LogType, Metadata, Status, StorageStatus,
        ids::{ConversationId, MessageId, UserId},
        time::Timestamp,
    };
    use proptest::prelude::*;

    fn turn(n: u128) -> TurnId {
        TurnId::from_uuid(Uuid::from_u128(n))
    }

    fn message(n: u128, turn_of: u128, role: Role, status: MessageStatus) -> Message {
        Message {
            id: MessageId::from_uuid(Uuid::from_u128(n)),
            conversation_id: ConversationId::from_uuid(Uuid::from_u128(2)),
            turn_id: Some(turn(turn_of)),
            role,
            content: "text".into(),
            html: None,
            html_bytes: 0,
            attachments: Vec::new(),
            status,
            facts: AnswerFacts::default(),
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
            rev: 0,
        }
    }

    fn entry(n: u128, turn_of: u128) -> WorkLogEntry {
        WorkLogEntry {
            id: EntryId::from_uuid(Uuid::from_u128(n)),
            user_id: UserId::from_uuid(Uuid::from_u128(1)),
            conversation_id: Some(ConversationId::from_uuid(Uuid::from_u128(2))),
            parent_id: None,
            turn_id: Some(turn(turn_of)),
            log_type: LogType::ToolCall,
            status: Status::Success,
            title: "T".into(),
            details: None,
            metadata: Metadata::default()
                .with("tool", "t")
                .with("toolCallId", format!("call-{n}"))
                .with("arguments", "{}"),
            timestamp: Timestamp::default(),
            updated_at: Timestamp::default(),
            duration_ms: None,
            storage_status: StorageStatus::Hot,
            expires_at: None,
            kept_by: None,
            archived_at: None,
            rev: 0,
        }
    }

    #[test]
    fn only_calls_of_the_last_turn_of_each_valid_question_are_told() {
        use MessageStatus::{Done, Superseded};
        let question = |n, status| message(n, n, Role::User, status);
        let answer = |n, turn_of, status| message(n, turn_of, Role::Assistant, status);
        for (name, messages, entries, current, told) in [
            (
                "the turn before",
                vec![question(10, Done), answer(12, 10, Done), question(20, Done)],
                vec![entry(11, 10)],
                20,
                vec![11],
            ),
            (
                "an answer that was regenerated",
                vec![
                    question(10, Done),
                    answer(12, 10, Superseded),
                    answer(15, 13, Done),
                    question(20, Done),
                ],
                vec![entry(11, 10), entry(14, 13)],
                20,
                vec![14],
            ),
            (
                "an answer that is being regenerated",
                vec![question(10, Done), answer(12, 10, Superseded)],
                vec![entry(11, 10)],
                13,
                vec![],
            ),
            (
                "a message that was edited",
                vec![
                    question(10, Done),
                    answer(12, 10, Done),
                    question(20, Superseded),
                    answer(22, 20, Superseded),
                    question(30, Done),
                ],
                vec![entry(11, 10), entry(21, 20)],
                30,
                vec![11],
            ),
            (
                "a message that is not read any more",
                vec![question(20, Done)],
                vec![entry(11, 10)],
                20,
                vec![],
            ),
        ] {
            let valid = valid_calls(&messages, entries, turn(current));
            let ids: Vec<u128> = valid
                .iter()
                .map(|entry| entry.id.uuid().as_u128())
                .collect();
            assert_eq!(ids, told, "{name}");
        }
    }

    #[test]
    fn a_result_is_what_the_entry_says() {
        let details = |text: &str| Some(text.to_owned());
        let metadata = Metadata::default();
        for (metadata, details, text) in [
            (
                metadata.clone().with("toolResult", "told"),
                details("shown"),
                "told",
            ),
            (metadata.clone(), details("shown"), "shown"),
            (
                metadata.clone().with("error", "no"),
                details("no"),
                "The tool failed: no",
            ),
            (
                metadata.clone().with("stopped", true),
                None,
                "It was stopped before it ended.",
            ),
            (metadata, None, "The result was not kept."),
        ] {
            let entry = WorkLogEntry {
                metadata,
                details,
                ..entry(1, 1)
            };
            assert_eq!(result(&entry), text);
        }
    }

    proptest! {
        #[test]
        fn short_texts_and_arguments_fit_and_arguments_stay_json(
            text in "[a\"\\\\\u{1}é]{0,40}", times in 0usize..400, fields in 0usize..9,
        ) {
            let long = text.repeat(times);
            let short = short_text(&long);
            prop_assert!(Value::String(short.clone()).to_string().len() <= PART_MAX_BYTES);
            prop_assert!(short == long || short.ends_with("bytes left out"));
            let names = (0..fields).map(|n| (format!("{text}{n}"), json!([{ "a": long }])));
            let arguments = Value::Object(names.collect());
            let short = short_arguments(&arguments);
            prop_assert!(Value::String(short.clone()).to_string().len() <= PART_MAX_BYTES);
            prop_assert!(serde_json::from_str::<Value>(&short).unwrap().is_object());
        }
    }
}
