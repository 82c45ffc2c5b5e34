//! Model providers and media services, against stub servers that speak their protocols.

mod answers;
mod any_stream;
mod check;
mod faults;
mod matrix;
mod refusals;
mod secrets;
mod services;
mod streams;
pub(in crate::tests) mod stub;
mod turns;
pub(in crate::tests) mod wire;

use crate::server::assistant::{
    link::{LinkSpec, ProviderKind},
    model::{Model, ModelError, ModelEvent, ModelRequest, PromptMessage},
    providers::{self, settings::Link},
};
use futures::StreamExt;
use std::sync::Arc;
use stub::{Reply, Stub};

/// A model link to a stub, with the provider's usual path and a key.
fn link(provider: ProviderKind, model: &str, stub: &Stub) -> Link {
    let path = match provider {
        ProviderKind::Gemini => "v1beta/",
        ProviderKind::Groq => "openai/v1/",
        _ => "v1/",
    };
    let base = format!("{}{path}", stub.base).parse().ok();
    Link {
        spec: LinkSpec::new(provider, model),
        base,
        key: "the-key".parse().ok(),
    }
}

fn model(provider: ProviderKind, stub: &Stub) -> Arc<dyn Model> {
    providers::chain(&[link(provider, "m", stub)], 0.0)
        .unwrap()
        .remove(0)
}

/// The model events of one greeting that the provider answers with `reply`, without thinking
/// events.
async fn events_of(provider: ProviderKind, reply: Reply) -> Vec<Result<ModelEvent, ModelError>> {
    let stub = Stub::replying([reply]).await;
    let request = ModelRequest {
        messages: vec![
            PromptMessage::System("Be brief.".into()),
            PromptMessage::User("Hello".into(), Vec::new()),
        ],
        tools: Vec::new(),
    };
    request_events(&*model(provider, &stub), request).await
}

async fn request_events(
    model: &dyn Model,
    request: ModelRequest,
) -> Vec<Result<ModelEvent, ModelError>> {
    model
        .stream(request)
        .filter(|event| futures::future::ready(event != &Ok(ModelEvent::Thinking)))
        .collect()
        .await
}

/// The text of an answer and the events that are not text.
fn split_text(
    events: Vec<Result<ModelEvent, ModelError>>,
) -> (String, Vec<Result<ModelEvent, ModelError>>) {
    let mut text = String::new();
    let mut rest = Vec::new();
    for event in events {
        match event {
            Ok(ModelEvent::Text(part)) => text.push_str(&part),
            other => rest.push(other),
        }
    }
    (text, rest)
}
