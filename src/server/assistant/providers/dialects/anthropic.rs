//! Anthropic's messages.

use super::{
    RequestForm,
    calls::CallFragment,
    request,
    state::{AnswerState, StopCause, declined, list, string, tokens},
};
use crate::server::assistant::{
    model::{ModelError, ModelRequest, PromptImage, PromptMessage, ToolCall},
    tool::ToolDefinition,
};
use serde_json::{Value, json};

/// The length limit of an answer, in tokens, which a request must name.
const TOKENS_MAX: u32 = 8_192;
/// The length limit that the oldest models accept.
const TOKENS_MAX_LOW: u32 = 4_096;
/// Stands before a conversation that does not begin with the user, because its start was left out.
const LEFT_OUT: &str = "(The beginning of the conversation was left out.)";

/// The body of a request.
pub(super) fn body(request: &ModelRequest, form: RequestForm<'_>) -> Value {
    let mut system: Vec<&str> = Vec::new();
    let mut messages: Vec<Value> = Vec::new();
    for message in &request.messages {
        let (role, blocks) = match message {
            PromptMessage::System(text) => {
                system.push(text);
                continue;
            }
            PromptMessage::User(text, pictures) => {
                let pictures = pictures.iter().map(picture);
                ("user", pictures.chain(text_block(text)).collect())
            }
            PromptMessage::Assistant(text) => ("assistant", text_block(text).collect()),
            PromptMessage::Calls(calls) => ("assistant", calls.iter().map(call_block).collect()),
            PromptMessage::Result { call_id, text } => {
                let id = request::call_id(call_id, false);
                let block = json!({ "type": "tool_result", "tool_use_id": id, "content": text });
                ("user", vec![block])
            }
        };
        add(&mut messages, role, blocks);
    }
    if messages
        .first()
        .is_some_and(|first| first["role"] != "user")
    {
        let blocks: Vec<Value> = text_block(LEFT_OUT).collect();
        messages.insert(0, json!({ "role": "user", "content": blocks }));
    }
    let max_tokens = if form.options {
        TOKENS_MAX
    } else {
        TOKENS_MAX_LOW
    };
    let mut body = json!({
        "model": form.model, "max_tokens": max_tokens, "messages": messages, "stream": true,
    });
    let system = system.join("\n\n");
    if !system.trim().is_empty() {
        body["system"] = json!(system);
    }
    if !request.tools.is_empty() {
        body["tools"] = request.tools.iter().map(tool).collect();
    }
    body
}

/// Adds blocks to the last message, if it is of the same role: roles must alternate.
fn add(messages: &mut Vec<Value>, role: &str, mut blocks: Vec<Value>) {
    if blocks.is_empty() {
        return;
    }
    if let Some(last) = messages.last_mut()
        && last["role"] == role
        && let Some(earlier) = last["content"].as_array_mut()
    {
        earlier.append(&mut blocks);
    } else {
        messages.push(json!({ "role": role, "content": blocks }));
    }
}

/// A block of text; none for a blank one, which is refused.
fn text_block(text: &str) -> impl Iterator<Item = Value> {
    let text = text.trim_end();
    let block = (!text.is_empty()).then(|| json!({ "type": "text", "text": text }));
    block.into_iter()
}

fn picture(picture: &PromptImage) -> Value {
    json!({
        "type": "image",
        "source": {
            "type": "base64", "media_type": picture.media_type, "data": request::base64(picture),
        },
    })
}

fn call_block(call: &ToolCall) -> Value {
    json!({
        "type": "tool_use",
        "id": request::call_id(&call.id, false),
        "name": request::tool_name(&call.name),
        "input": request::arguments(call),
    })
}

fn tool(tool: &ToolDefinition) -> Value {
    json!({
        "name": tool.name, "description": tool.description, "input_schema": tool.schema,
    })
}

/// Reads an event, or the whole message of a server that does not stream. `Ok(true)` if it is the
/// last.
pub(super) fn read(frame: &Value, state: &mut AnswerState) -> Result<bool, ModelError> {
    if let Some(message) = frame.get("message") {
        read_usage(message, state);
    }
    read_usage(frame, state);
    let index = frame.get("index").and_then(Value::as_u64);
    if let Some(block) = frame.get("content_block") {
        read_block(block, index, state);
    }
    for (at, block) in (0..).zip(list(frame, "content")) {
        read_block(block, Some(at), state);
    }
    read_reason(frame, state)?;
    if let Some(delta) = frame.get("delta") {
        read_delta(delta, index, state);
        read_reason(delta, state)?;
    }
    Ok(string(frame, "type") == "message_stop")
}

fn read_usage(holder: &Value, state: &mut AnswerState) {
    let Some(usage) = holder.get("usage") else {
        return;
    };
    let count = |name: &str| tokens(usage.get(name));
    let cached = ["cache_read_input_tokens", "cache_creation_input_tokens"];
    let cached: i64 = cached.into_iter().filter_map(count).sum();
    // Later events repeat the count or send none.
    state.input_tokens(
        count("input_tokens")
            .filter(|read| *read > 0)
            .map(|read| read + cached),
    );
    state.output_tokens(count("output_tokens"));
}

fn read_block(block: &Value, index: Option<u64>, state: &mut AnswerState) {
    state.text(string(block, "text"));
    state.reasoning(string(block, "thinking"));
    if string(block, "type") == "tool_use" {
        state.calls.add_whole(&CallFragment {
            id: string(block, "id"),
            index,
            name: string(block, "name"),
            arguments: block.get("input"),
            ..CallFragment::default()
        });
    }
}

fn read_delta(delta: &Value, index: Option<u64>, state: &mut AnswerState) {
    state.text(string(delta, "text"));
    state.reasoning(string(delta, "thinking"));
    if let Some(arguments @ Value::String(_)) = delta.get("partial_json") {
        state.calls.add(&CallFragment {
            index,
            arguments: Some(arguments),
            ..CallFragment::default()
        });
    }
}

fn read_reason(holder: &Value, state: &mut AnswerState) -> Result<(), ModelError> {
    let stop = match string(holder, "stop_reason") {
        "" => return Ok(()),
        reason @ "refusal" => return Err(declined(reason)),
        "max_tokens" | "model_context_window_exceeded" => StopCause::Length,
        _ => StopCause::Done,
    };
    state.stop.get_or_insert(stop);
    Ok(())
}
