//! Converts messages and calls to and from genai's types.

use crate::server::assistant::{
    model::{ModelRequest, PromptImage, PromptMessage, ToolCall},
    tool::ToolDefinition,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use genai::chat::{self, ChatMessage, ChatRequest, ContentPart, MessageContent, ToolResponse};

/// Converts a request for genai.
pub(super) fn chat_request(request: ModelRequest) -> ChatRequest {
    let mut names = std::collections::HashMap::new();
    let mut system = String::new();
    let mut messages = Vec::with_capacity(request.messages.len());
    for message in request.messages {
        match message {
            PromptMessage::System(text) => system = text,
            PromptMessage::User(text, pictures) => messages.push(user_message(text, pictures)),
            PromptMessage::Assistant(text) => messages.push(ChatMessage::assistant(text)),
            PromptMessage::Calls(calls) => {
                names.extend(
                    calls
                        .iter()
                        .map(|call| (call.id.clone(), call.name.clone())),
                );
                messages.push(calls_message(calls));
            }
            PromptMessage::Result { call_id, text } => {
                let response = ToolResponse::new(call_id.clone(), text);
                let response = names
                    .get(&call_id)
                    .map_or(response.clone(), |name| response.with_fn_name(name.clone()));
                messages.push(ChatMessage::from(response));
            }
        }
    }
    ChatRequest::new(messages)
        .with_system(system)
        .with_tools(request.tools.into_iter().map(tool))
}

/// Pictures follow the text as base64.
fn user_message(text: String, pictures: Vec<PromptImage>) -> ChatMessage {
    let mut parts = vec![ContentPart::from_text(text)];
    let part = |picture: PromptImage| {
        ContentPart::from_binary_base64(
            picture.media_type,
            STANDARD.encode(&picture.bytes),
            Some(picture.name),
        )
    };
    parts.extend(pictures.into_iter().map(part));
    ChatMessage::user(MessageContent::from_parts(parts))
}

fn calls_message(calls: Vec<ToolCall>) -> ChatMessage {
    ChatMessage::from(calls.into_iter().map(outgoing).collect::<Vec<_>>())
}

/// Arguments that are not an object are sent back as an empty one, because providers reject others.
fn outgoing(call: ToolCall) -> chat::ToolCall {
    let fn_arguments = if call.arguments.is_object() {
        call.arguments
    } else {
        serde_json::json!({})
    };
    let thought_signatures = (!call.signatures.is_empty()).then_some(call.signatures);
    chat::ToolCall {
        call_id: call.id,
        fn_name: call.name,
        fn_arguments,
        thought_signatures,
    }
}

/// Converts a received call; arguments that are not JSON stay text.
pub(super) fn incoming(call: chat::ToolCall) -> ToolCall {
    ToolCall {
        id: call.call_id,
        name: call.fn_name,
        arguments: call.fn_arguments,
        signatures: call.thought_signatures.unwrap_or_default(),
    }
}

fn tool(definition: ToolDefinition) -> chat::Tool {
    chat::Tool::new(definition.name)
        .with_description(definition.description)
        .with_schema(definition.schema)
}
