//! OpenAI's chat completions, as OpenAI and the many servers that imitate it write them.

use super::{
    RequestForm,
    calls::CallFragment,
    request,
    state::{AnswerState, StopCause, declined, list, string, tokens},
};
use crate::server::assistant::{
    model::{ErrorClass, ModelError, ModelRequest, PromptImage, PromptMessage, ToolCall},
    tool::ToolDefinition,
};
use serde_json::{Value, json};

/// Fields in which servers send reasoning; some send the same in two of them.
const REASONING_FIELDS: [&str; 3] = ["reasoning_content", "reasoning", "thinking"];

/// The body of a request.
pub(super) fn body(request: &ModelRequest, form: RequestForm<'_>) -> Value {
    let mut body = json!({
        "model": form.model,
        "messages": messages(request, form),
        "stream": true,
    });
    if form.options {
        body["stream_options"] = json!({ "include_usage": true });
    }
    if !request.tools.is_empty() {
        body["tools"] = request.tools.iter().map(tool).collect();
    }
    body
}

fn tool(tool: &ToolDefinition) -> Value {
    json!({
        "type": "function",
        "function": {
            "name": tool.name, "description": tool.description, "parameters": tool.schema,
        },
    })
}

fn messages(request: &ModelRequest, form: RequestForm<'_>) -> Vec<Value> {
    let mut messages: Vec<Value> = Vec::new();
    for message in &request.messages {
        let next = match message {
            PromptMessage::System(text) => json!({ "role": "system", "content": text }),
            PromptMessage::User(text, pictures) if pictures.is_empty() => {
                json!({ "role": "user", "content": text })
            }
            PromptMessage::User(text, pictures) => {
                let text = json!({ "type": "text", "text": text });
                let parts: Vec<Value> = [text]
                    .into_iter()
                    .chain(pictures.iter().map(picture))
                    .collect();
                json!({ "role": "user", "content": parts })
            }
            PromptMessage::Assistant(text) => json!({ "role": "assistant", "content": text }),
            PromptMessage::Calls(calls) => {
                add_calls(&mut messages, calls, form);
                continue;
            }
            PromptMessage::Result { call_id, text } => json!({
                "role": "tool",
                "tool_call_id": request::call_id(call_id, form.short_ids),
                "content": text,
            }),
        };
        messages.push(next);
    }
    messages
}

/// Calls are part of the assistant's message before them, if there is one.
fn add_calls(messages: &mut Vec<Value>, calls: &[ToolCall], form: RequestForm<'_>) {
    let calls: Vec<Value> = calls
        .iter()
        .map(|call| {
            json!({
                "id": request::call_id(&call.id, form.short_ids),
                "type": "function",
                "function": {
                    "name": request::tool_name(&call.name),
                    "arguments": request::arguments(call).to_string(),
                },
            })
        })
        .collect();
    match messages.last_mut() {
        Some(last) if last["role"] == "assistant" && last.get("tool_calls").is_none() => {
            last["tool_calls"] = Value::Array(calls);
        }
        _ => messages.push(json!({
            "role": "assistant", "content": Value::Null, "tool_calls": calls,
        })),
    }
}

fn picture(picture: &PromptImage) -> Value {
    let url = format!(
        "data:{};base64,{}",
        picture.media_type,
        request::base64(picture)
    );
    json!({ "type": "image_url", "image_url": { "url": url } })
}

/// Reads a chunk of a stream, or the whole body of a server that does not stream.
pub(super) fn read(frame: &Value, state: &mut AnswerState) -> Result<(), ModelError> {
    read_usage(frame.get("usage"), state);
    read_usage(frame.pointer("/x_groq/usage"), state);
    let is_first = |choice: &&Value| choice.get("index").is_none_or(|index| index == 0);
    let Some(choice) = list(frame, "choices").iter().find(is_first) else {
        return Ok(());
    };
    for name in ["delta", "message"] {
        if let Some(delta) = choice.get(name) {
            read_delta(delta, state);
        }
    }
    read_reason(choice.get("finish_reason"), state)
}

fn read_usage(usage: Option<&Value>, state: &mut AnswerState) {
    let count = |name: &str| tokens(usage.and_then(|usage| usage.get(name)));
    state.input_tokens(count("prompt_tokens"));
    state.output_tokens(count("completion_tokens"));
}

fn read_delta(delta: &Value, state: &mut AnswerState) {
    let reasoning = REASONING_FIELDS
        .iter()
        .map(|name| string(delta, name))
        .find(|text| !text.is_empty());
    state.reasoning(reasoning.unwrap_or_default());
    match delta.get("content") {
        Some(Value::String(text)) => state.tagged_text(text),
        Some(Value::Array(parts)) => parts.iter().for_each(|part| read_part(part, state)),
        _ => {}
    }
    state.tagged_text(string(delta, "refusal"));
    let one;
    let calls = match delta.get("tool_calls") {
        Some(Value::Array(calls)) => calls.as_slice(),
        Some(call @ Value::Object(_)) => std::slice::from_ref(call),
        // The form before tools.
        _ => match delta.get("function_call") {
            Some(function @ Value::Object(_)) => {
                one = json!({ "function": function });
                std::slice::from_ref(&one)
            }
            _ => &[],
        },
    };
    for (at, call) in calls.iter().enumerate() {
        read_call(call, calls.len() - at, state);
    }
}

/// A part of a content that is a list, as Mistral's reasoning models send it.
fn read_part(part: &Value, state: &mut AnswerState) {
    match part.get("thinking") {
        Some(Value::String(text)) => state.reasoning(text),
        Some(Value::Array(parts)) => {
            for part in parts {
                state.reasoning(string(part, "text"));
            }
        }
        _ if matches!(string(part, "type"), "thinking" | "reasoning") => {
            state.reasoning(string(part, "text"));
        }
        _ => state.tagged_text(string(part, "text")),
    }
}

fn read_call(call: &Value, from_end: usize, state: &mut AnswerState) {
    // Some servers leave out the level `function`.
    let function = call.get("function").unwrap_or(call);
    if call.is_object() {
        state.calls.add(&CallFragment {
            id: string(call, "id"),
            index: call.get("index").and_then(Value::as_u64),
            name: string(function, "name"),
            arguments: function.get("arguments"),
            from_end,
            signature: None,
        });
    }
}

fn read_reason(reason: Option<&Value>, state: &mut AnswerState) -> Result<(), ModelError> {
    let stop = match reason {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::String(reason)) => match reason.as_str() {
            "" => return Ok(()),
            "content_filter" => return Err(declined(reason)),
            "error" => {
                return Err(ModelError::plain(
                    ErrorClass::Server,
                    "The model stopped with an error.",
                ));
            }
            "length" | "max_tokens" | "model_length" => StopCause::Length,
            _ => StopCause::Done,
        },
        Some(_) => StopCause::Done,
    };
    state.stop.get_or_insert(stop);
    Ok(())
}
