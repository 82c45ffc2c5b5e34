//! Real models and services, against servers that speak their protocols.

mod check;
mod faults;
mod matrix;
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

/// A link to a stub, with the provider's usual path and a key.
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

/// What a model hears when the provider replies so to a greeting. Signs of thinking are left out.
async fn hears(provider: ProviderKind, reply: Reply) -> Vec<Result<ModelEvent, ModelError>> {
    let stub = Stub::replies([reply]).await;
    let request = ModelRequest {
        said: vec![
            PromptMessage::System("Be brief.".into()),
            PromptMessage::User("Hello".into(), Vec::new()),
        ],
        tools: Vec::new(),
    };
    asked(&*model(provider, &stub), request).await
}

async fn asked(model: &dyn Model, request: ModelRequest) -> Vec<Result<ModelEvent, ModelError>> {
    model
        .ask(request)
        .filter(|event| futures::future::ready(event != &Ok(ModelEvent::Thinking)))
        .collect()
        .await
}

/// The text of an answer and what came behind it.
fn told(
    heard: Vec<Result<ModelEvent, ModelError>>,
) -> (String, Vec<Result<ModelEvent, ModelError>>) {
    let mut text = String::new();
    let mut rest = Vec::new();
    for event in heard {
        match event {
            Ok(ModelEvent::Text(piece)) => text.push_str(&piece),
            other => rest.push(other),
        }
    }
    (text, rest)
}
