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
    model::{Event, Model, ModelError, Request, Said},
    providers::{
        self,
        link::{LinkSpec, Provider},
        settings::Link,
    },
};
use futures::StreamExt;
use std::sync::Arc;
use stub::{Reply, Stub};

/// A link to a stub, with the provider's usual path and a key.
fn link(provider: Provider, model: &str, stub: &Stub) -> Link {
    let path = match provider {
        Provider::Gemini => "v1beta/",
        Provider::Groq => "openai/v1/",
        _ => "v1/",
    };
    let base = format!("{}{path}", stub.base).parse().ok();
    Link {
        spec: LinkSpec::new(provider, model),
        base,
        key: "the-key".parse().ok(),
    }
}

fn model(provider: Provider, stub: &Stub) -> Arc<dyn Model> {
    providers::chain(&[link(provider, "m", stub)], 0.0)
        .unwrap()
        .remove(0)
}

/// What a model hears when the provider replies so to a greeting. Signs of thinking are left out.
async fn hears(provider: Provider, reply: Reply) -> Vec<Result<Event, ModelError>> {
    let stub = Stub::replies([reply]).await;
    let request = Request {
        said: vec![
            Said::System("Be brief.".into()),
            Said::User("Hello".into(), Vec::new()),
        ],
        tools: Vec::new(),
    };
    asked(&*model(provider, &stub), request).await
}

async fn asked(model: &dyn Model, request: Request) -> Vec<Result<Event, ModelError>> {
    model
        .ask(request)
        .filter(|event| futures::future::ready(event != &Ok(Event::Thinking)))
        .collect()
        .await
}

/// The text of an answer and what came behind it.
fn told(heard: Vec<Result<Event, ModelError>>) -> (String, Vec<Result<Event, ModelError>>) {
    let mut text = String::new();
    let mut rest = Vec::new();
    for event in heard {
        match event {
            Ok(Event::Text(piece)) => text.push_str(&piece),
            other => rest.push(other),
        }
    }
    (text, rest)
}
