//! What can go wrong at a provider, and what Holly calls it.

use super::{
    hears, model,
    stub::{Ends, Reply, Stub},
    told, wire,
};
use crate::server::assistant::{
    link::ProviderKind,
    model::{ErrorClass, ModelError, ModelEvent, ModelRequest, PromptMessage},
    providers::{self, settings::Link},
};
use futures::StreamExt;
use serde_json::json;

const BOTH: [ProviderKind; 2] = [ProviderKind::Gemini, ProviderKind::Groq];

/// The failure that a reply comes to, and the text before it.
async fn fails(provider: ProviderKind, reply: Reply) -> (String, ModelError) {
    let (text, mut rest) = told(hears(provider, reply).await);
    match (rest.pop(), rest.is_empty()) {
        (Some(Err(error)), true) => (text, error),
        // a stream without an end: the chain takes it for cut off
        (None, true) => (
            text,
            ModelError {
                class: ErrorClass::Network,
                message: "no end".into(),
                status: None,
                retry_after_s: None,
            },
        ),
        other => panic!("{provider:?}: {other:?} after {rest:?}"),
    }
}

#[tokio::test]
async fn every_status_has_its_class_at_every_provider() {
    for (status, class) in [
        (400, ErrorClass::BadRequest),
        (401, ErrorClass::Auth),
        (403, ErrorClass::Auth),
        (404, ErrorClass::BadRequest),
        (429, ErrorClass::RateLimit),
        (500, ErrorClass::Server),
        (503, ErrorClass::Server),
    ] {
        for provider in BOTH {
            let body = json!({ "error": { "code": status, "message": "No.", "status": "X" } });
            let (_, error) = fails(
                provider,
                Reply::refuses(status, body).with("retry-after", "7"),
            )
            .await;
            assert_eq!(
                (error.class, error.status, error.retry_after_s),
                (class, Some(status), Some(7)),
                "{provider:?} {status}"
            );
            assert_eq!(error.message, "No.");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_no_answer() {
    for (provider, body) in [
        (
            ProviderKind::Gemini,
            wire::gemini_says(&["Once ", "upon ", "a time"]),
        ),
        (
            ProviderKind::Groq,
            wire::groq_says(&["Once ", "upon ", "a time"]),
        ),
    ] {
        for at in [1, body.len() / 3, body.len() / 2] {
            for ends in [Ends::Cut, Ends::Whole] {
                let (text, error) =
                    fails(provider, Reply::streams(&body.as_bytes()[..at]).that(ends)).await;
                assert!(
                    matches!(error.class, ErrorClass::Network | ErrorClass::Server),
                    "{provider:?} at {at} {ends:?}: {error:?}"
                );
                assert!("Once upon a time".starts_with(&text));
            }
        }
    }
}

#[tokio::test]
async fn garbage_and_errors_inside_a_stream_end_it() {
    let error = "event: error\ndata: {\"error\":{\"message\":\"Failed to call a function.\",\"code\":\"tool_use_failed\",\"status_code\":400}}\n\n";
    for (provider, body, class) in [
        (
            ProviderKind::Gemini,
            "data: {\"candidates\": [oops\r\n\r\n".to_owned(),
            ErrorClass::Server,
        ),
        (
            ProviderKind::Groq,
            "data: <html>\n\n".to_owned(),
            ErrorClass::Server,
        ),
        (ProviderKind::Groq, error.to_owned(), ErrorClass::Server),
    ] {
        assert_eq!(
            fails(provider, Reply::streams(body.clone())).await.1.class,
            class,
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_filter_is_told_from_a_failure() {
    let stopped = wire::gemini(&[
        wire::gemini_frame(json!([{ "text": "Well" }]), None),
        wire::gemini_frame(json!([]), Some("SAFETY")),
    ]);
    let blocked = wire::gemini(&[
        json!({ "promptFeedback": { "blockReason": "PROHIBITED_CONTENT" }, "usageMetadata": { "promptTokenCount": 4 } }),
    ]);
    let filtered = wire::openai(&[wire::openai_chunk(json!({}), Some("content_filter"))]);
    for (provider, body) in [
        (ProviderKind::Gemini, stopped),
        (ProviderKind::Gemini, blocked),
        (ProviderKind::OpenAi, filtered),
    ] {
        assert_eq!(
            fails(provider, Reply::streams(body.clone())).await.1.class,
            ErrorClass::ContentFilter,
            "{body}"
        );
    }
}

#[tokio::test]
async fn nobody_at_the_address_is_a_matter_of_the_network() {
    let stub = Stub::replies([Reply::streams("")]).await;
    let gone = super::link(ProviderKind::OpenAi, "m", &stub);
    let port = {
        std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port()
    };
    let nobody = format!("http://127.0.0.1:{port}/v1/").parse().ok();
    let chain = providers::chain(
        &[Link {
            base: nobody,
            ..gone
        }],
        0.0,
    );
    let heard: Vec<_> = chain.unwrap()[0]
        .ask(ModelRequest {
            said: vec![PromptMessage::User("Hello".into(), Vec::new())],
            tools: Vec::new(),
        })
        .collect()
        .await;
    assert!(
        matches!(&heard[..], [Err(error)] if error.class == ErrorClass::Network),
        "{heard:?}"
    );
}

#[tokio::test]
async fn a_key_is_never_carried_to_where_a_redirect_points() {
    let trap = Stub::replies([Reply::streams(wire::openai_says(&["caught"]))]).await;
    let address: &'static str =
        Box::leak(format!("{}v1/chat/completions", trap.base).into_boxed_str());
    let stub = Stub::replies([Reply::refuses(307, json!({})).with("location", address)]).await;
    let request = ModelRequest {
        said: vec![PromptMessage::User("Hello".into(), Vec::new())],
        tools: Vec::new(),
    };
    let heard: Vec<Result<ModelEvent, ModelError>> = model(ProviderKind::OpenAi, &stub)
        .ask(request)
        .collect()
        .await;
    assert!(
        heard
            .iter()
            .all(|event| !matches!(event, Ok(ModelEvent::Text(_))))
            && trap.asked().is_empty(),
        "{heard:?}"
    );
}
