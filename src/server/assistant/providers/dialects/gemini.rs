//! Gemini's `streamGenerateContent`.

use super::{
    calls::CallFragment,
    request::{self, ToolNames},
    state::{AnswerState, StopCause, declined, list, string, tokens},
};
use crate::server::assistant::{
    model::{ErrorClass, ModelError, ModelRequest, PromptMessage, ToolCall},
    tool::ToolDefinition,
};
use serde_json::{Value, json};

/// How the ids begin that Holly or another provider made up; Gemini gets only its own.
const FOREIGN_IDS: &str = "call_";

/// The body of a request.
pub(super) fn body(request: &ModelRequest) -> Value {
    let mut names = ToolNames::new();
    let mut system: Vec<Value> = Vec::new();
    let mut contents: Vec<Value> = Vec::new();
    for message in &request.messages {
        match message {
            PromptMessage::System(text) => system.push(json!({ "text": text })),
            PromptMessage::User(text, pictures) => {
                let pictures = pictures.iter().map(|picture| {
                    let data = request::base64(picture);
                    json!({ "inlineData": { "mimeType": picture.media_type, "data": data } })
                });
                let parts = [json!({ "text": text })].into_iter().chain(pictures);
                add(&mut contents, "user", parts.collect());
            }
            PromptMessage::Assistant(text) => {
                add(&mut contents, "model", vec![json!({ "text": text })]);
            }
            PromptMessage::Calls(calls) => {
                request::remember(&mut names, calls);
                add(
                    &mut contents,
                    "model",
                    calls.iter().map(call_part).collect(),
                );
            }
            PromptMessage::Result { call_id, text } => {
                let name = names.get(call_id).map_or("unknown", String::as_str);
                let mut response = json!({ "name": name, "response": { "result": text } });
                add_id(&mut response, call_id);
                let part = json!({ "functionResponse": response });
                add(&mut contents, "user", vec![part]);
            }
        }
    }
    let mut body = json!({ "contents": contents });
    if !system.is_empty() {
        body["systemInstruction"] = json!({ "parts": system });
    }
    if !request.tools.is_empty() {
        let declarations: Vec<Value> = request.tools.iter().map(declaration).collect();
        body["tools"] = json!([{ "functionDeclarations": declarations }]);
    }
    body
}

/// Adds parts to the last content, if it is of the same role.
fn add(contents: &mut Vec<Value>, role: &str, mut parts: Vec<Value>) {
    if let Some(last) = contents.last_mut()
        && last["role"] == role
        && let Some(earlier) = last["parts"].as_array_mut()
    {
        earlier.append(&mut parts);
    } else {
        contents.push(json!({ "role": role, "parts": parts }));
    }
}

fn call_part(call: &ToolCall) -> Value {
    let name = request::tool_name(&call.name);
    let mut function = json!({ "name": name, "args": request::arguments(call) });
    add_id(&mut function, &call.id);
    let mut part = json!({ "functionCall": function });
    if let Some(signature) = call.signatures.first() {
        part["thoughtSignature"] = json!(signature);
    }
    part
}

fn add_id(function: &mut Value, id: &str) {
    if !id.is_empty() && !id.starts_with(FOREIGN_IDS) {
        function["id"] = json!(id);
    }
}

fn declaration(tool: &ToolDefinition) -> Value {
    json!({
        "name": tool.name, "description": tool.description, "parametersJsonSchema": tool.schema,
    })
}

/// Reads a frame.
pub(super) fn read(frame: &Value, state: &mut AnswerState) -> Result<(), ModelError> {
    if let Some(usage) = frame.get("usageMetadata") {
        let count = |name: &str| tokens(usage.get(name));
        state.input_tokens(count("promptTokenCount"));
        let (answer, thoughts) = (count("candidatesTokenCount"), count("thoughtsTokenCount"));
        let written = answer
            .or(thoughts)
            .map(|_| answer.unwrap_or(0) + thoughts.unwrap_or(0));
        state.output_tokens(written);
    }
    let feedback = frame.get("promptFeedback");
    let blocked = feedback.map_or("", |feedback| string(feedback, "blockReason"));
    if !matches!(blocked, "" | "BLOCK_REASON_UNSPECIFIED") {
        return Err(ModelError::plain(
            ErrorClass::ContentFilter,
            "The prompt was blocked.",
        ));
    }
    let Some(candidate) = list(frame, "candidates").first() else {
        return Ok(());
    };
    if let Some(content) = candidate.get("content") {
        let parts = list(content, "parts");
        parts.iter().for_each(|part| read_part(part, state));
    }
    read_reason(string(candidate, "finishReason"), state)
}

fn read_part(part: &Value, state: &mut AnswerState) {
    let text = string(part, "text");
    if part.get("thought") == Some(&Value::Bool(true)) {
        state.reasoning(text);
    } else {
        state.text(text);
    }
    if let Some(function) = part.get("functionCall").filter(|call| call.is_object()) {
        let name = string(function, "name");
        // Calls arrive whole, so each is a new one.
        state.calls.add_whole(&CallFragment {
            id: string(function, "id"),
            name,
            arguments: function.get("args"),
            signature: part.get("thoughtSignature").and_then(Value::as_str),
            ..CallFragment::default()
        });
    }
}

fn read_reason(reason: &str, state: &mut AnswerState) -> Result<(), ModelError> {
    let stop = match reason {
        "" | "FINISH_REASON_UNSPECIFIED" => return Ok(()),
        "MAX_TOKENS" => StopCause::Length,
        "SAFETY" | "RECITATION" | "LANGUAGE" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII"
        | "IMAGE_SAFETY" => return Err(declined(reason)),
        "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" => {
            return Err(ModelError::plain(
                ErrorClass::Server,
                "Its tool call could not be parsed.",
            ));
        }
        _ => StopCause::Done,
    };
    state.stop.get_or_insert(stop);
    Ok(())
}
