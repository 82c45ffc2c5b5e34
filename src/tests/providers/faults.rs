//! Provider failures and their error classes.

use super::{
    events_of, model, split_text,
    stub::{Reply, ReplyEnd, Stub},
    wire,
};
use crate::server::assistant::{
    link::ProviderKind,
    model::{ErrorClass, ModelError, ModelEvent, ModelRequest, PromptMessage},
    providers::{self, settings::Link},
};
use futures::StreamExt;
use serde_json::json;

const BOTH: [ProviderKind; 2] = [ProviderKind::Gemini, ProviderKind::Groq];

/// The text and the error of a reply.
async fn failure_of(provider: ProviderKind, reply: Reply) -> (String, ModelError) {
    let (text, mut rest) = split_text(events_of(provider, reply).await);
    match (rest.pop(), rest.is_empty()) {
        (Some(Err(error)), true) => (text, error),
        // the chain treats a stream without an end as cut off
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
async fn every_http_status_maps_to_an_error_class() {
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
            let (_, error) = failure_of(
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
async fn a_truncated_answer_is_an_error() {
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
            for ends in [ReplyEnd::Cut, ReplyEnd::Whole] {
                let (text, error) = failure_of(
                    provider,
                    Reply::streams(&body.as_bytes()[..at]).ending(ends),
                )
                .await;
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
async fn garbage_and_errors_in_a_stream_end_it() {
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
            failure_of(provider, Reply::streams(body.clone()))
                .await
                .1
                .class,
            class,
            "{body}"
        );
    }
}

#[tokio::test]
async fn content_filters_have_their_own_error_class() {
    let stopped = wire::gemini(&[
        wire::gemini_frame(json!([{ "text": "Well" }]), None),
        wire::gemini_frame(json!([]), Some("SAFETY")),
    ]);
    let blocked = wire::gemini(&[json!({
        "promptFeedback": { "blockReason": "PROHIBITED_CONTENT" },
        "usageMetadata": { "promptTokenCount": 4 }
    })]);
    let filtered = wire::openai(&[wire::openai_chunk(json!({}), Some("content_filter"))]);
    for (provider, body) in [
        (ProviderKind::Gemini, stopped),
        (ProviderKind::Gemini, blocked),
        (ProviderKind::OpenAi, filtered),
    ] {
        assert_eq!(
            failure_of(provider, Reply::streams(body.clone()))
                .await
                .1
                .class,
            ErrorClass::ContentFilter,
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_refused_connection_is_a_network_error() {
    let stub = Stub::replying([Reply::streams("")]).await;
    let link = super::link(ProviderKind::OpenAi, "m", &stub);
    let port = {
        std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port()
    };
    let unused_address = format!("http://127.0.0.1:{port}/v1/").parse().ok();
    let chain = providers::chain(
        &[Link {
            base: unused_address,
            ..link
        }],
        0.0,
    );
    let events: Vec<_> = chain.unwrap()[0]
        .stream(ModelRequest {
            messages: vec![PromptMessage::User("Hello".into(), Vec::new())],
            tools: Vec::new(),
        })
        .collect()
        .await;
    assert!(
        matches!(&events[..], [Err(error)] if error.class == ErrorClass::Network),
        "{events:?}"
    );
}

#[tokio::test]
async fn a_key_is_never_sent_to_a_redirect_target() {
    let target = Stub::replying([Reply::streams(wire::openai_says(&["caught"]))]).await;
    let address: &'static str =
        Box::leak(format!("{}v1/chat/completions", target.base).into_boxed_str());
    let stub = Stub::replying([Reply::refuses(307, json!({})).with("location", address)]).await;
    let request = ModelRequest {
        messages: vec![PromptMessage::User("Hello".into(), Vec::new())],
        tools: Vec::new(),
    };
    let events: Vec<Result<ModelEvent, ModelError>> = model(ProviderKind::OpenAi, &stub)
        .stream(request)
        .collect()
        .await;
    assert!(
        events
            .iter()
            .all(|event| !matches!(event, Ok(ModelEvent::Text(_))))
            && target.requests().is_empty(),
        "{events:?}"
    );
}
