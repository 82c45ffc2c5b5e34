//! Streamed answers of the providers, split at any byte.

use super::{
    events_of, link, model, request_events, split_text,
    stub::{Reply, Stub},
    wire,
};
use crate::server::assistant::{
    link::ProviderKind,
    model::{ModelEvent, ModelRequest, PromptImage, PromptMessage, ToolCall, Usage},
    providers,
    tool::ToolDefinition,
};
use serde_json::{Value, json};

const CHUNK_SIZES: [usize; 6] = [1, 2, 3, 7, 64, usize::MAX];
const WORDS: [&str; 3] = ["Grüße ", "aus 東京 ", "🌊."];

fn end(input_tokens: i64, output_tokens: i64) -> ModelEvent {
    ModelEvent::End {
        usage: Some(Usage {
            input_tokens,
            output_tokens,
            estimated: false,
        }),
        cut_short: false,
    }
}

fn call(id: &str, name: &str, arguments: Value) -> ToolCall {
    ToolCall {
        id: id.into(),
        name: name.into(),
        arguments,
        signatures: Vec::new(),
    }
}

#[tokio::test]
async fn text_and_usage_arrive_however_the_stream_is_split() {
    for (provider, body, usage) in [
        (ProviderKind::Gemini, wire::gemini_says(&WORDS), end(12, 5)),
        (ProviderKind::OpenAi, wire::openai_says(&WORDS), end(20, 7)),
        (
            ProviderKind::Ollama,
            wire::openai_says(&WORDS).replace('\n', "\r\n"),
            end(20, 7),
        ),
        (ProviderKind::Groq, wire::groq_says(&WORDS), end(31, 9)),
    ] {
        for chunk_size in CHUNK_SIZES {
            let events = events_of(
                provider,
                Reply::streams(body.clone()).in_chunks_of(chunk_size),
            )
            .await;
            assert_eq!(
                split_text(events),
                (WORDS.concat(), vec![Ok(usage.clone())]),
                "{provider:?} in chunks of {chunk_size}"
            );
        }
    }
}

#[tokio::test]
async fn an_answer_without_usage_is_accepted() {
    let body = wire::openai(&[
        wire::openai_chunk(json!({ "content": "Hi" }), None),
        wire::openai_chunk(json!({}), Some("stop")),
    ]);
    let events = events_of(ProviderKind::Groq, Reply::streams(body)).await;
    assert_eq!(
        split_text(events),
        (
            "Hi".into(),
            vec![Ok(ModelEvent::End {
                usage: None,
                cut_short: false
            })]
        )
    );
}

#[tokio::test]
async fn an_answer_at_the_length_limit_is_marked_as_cut_short() {
    let gemini = wire::gemini(&[wire::gemini_frame(
        json!([{ "text": "Once" }]),
        Some("MAX_TOKENS"),
    )]);
    let openai = wire::openai(&[wire::openai_chunk(
        json!({ "content": "Once" }),
        Some("length"),
    )]);
    for (provider, body) in [
        (ProviderKind::Gemini, gemini),
        (ProviderKind::OpenAi, openai),
    ] {
        let (text, rest) = split_text(events_of(provider, Reply::streams(body)).await);
        assert!(
            text == "Once"
                && matches!(
                    rest[..],
                    [Ok(ModelEvent::End {
                        cut_short: true,
                        ..
                    })]
                ),
            "{provider:?} {rest:?}"
        );
    }
}

#[tokio::test]
async fn fragmented_tool_calls_are_joined_by_index() {
    let start = |index: u8, id: &str, name: &str| {
        json!([
            { "index": index, "id": id, "type": "function",
              "function": { "name": name, "arguments": "" } },
        ])
    };
    let more = |index: u8, arguments: &str| {
        json!([
            { "index": index, "function": { "arguments": arguments } }
        ])
    };
    let deltas = [
        start(0, "a", "paint"),
        more(0, "{\"prompt\":\"an é"),
        start(1, "b", "play"),
        more(1, "{}"),
        more(0, " tree\"}"),
    ];
    let mut frames: Vec<Value> = deltas
        .into_iter()
        .map(|calls| wire::openai_chunk(json!({ "tool_calls": calls }), None))
        .collect();
    frames.push(wire::openai_chunk(json!({}), Some("tool_calls")));
    for chunk_size in CHUNK_SIZES {
        let (text, rest) = split_text(
            events_of(
                ProviderKind::OpenAi,
                Reply::streams(wire::openai(&frames)).in_chunks_of(chunk_size),
            )
            .await,
        );
        let [
            Ok(ModelEvent::Call(first)),
            Ok(ModelEvent::Call(second)),
            Ok(ModelEvent::End { .. }),
        ] = &rest[..]
        else {
            panic!("{rest:?}")
        };
        assert_eq!(
            (text.as_str(), first, second),
            (
                "",
                &call("a", "paint", json!({ "prompt": "an é tree" })),
                &call("b", "play", json!({}))
            )
        );
    }
}

#[tokio::test]
async fn arguments_that_are_not_json_stay_text() {
    let calls = json!([
        { "index": 0, "id": "a", "type": "function",
              "function": { "name": "paint", "arguments": "{\"prompt\": oops" } },
    ]);
    let frames = [
        wire::openai_chunk(json!({ "tool_calls": calls }), None),
        wire::openai_chunk(json!({}), Some("tool_calls")),
    ];
    let (_, rest) =
        split_text(events_of(ProviderKind::OpenAi, Reply::streams(wire::openai(&frames))).await);
    assert_eq!(
        rest[0],
        Ok(ModelEvent::Call(call(
            "a",
            "paint",
            json!("{\"prompt\": oops")
        )))
    );
}

#[tokio::test]
async fn gemini_signatures_are_returned_and_results_name_their_tool() {
    let parts = json!([
        { "functionCall": { "name": "paint", "args": { "prompt": "a tree" } }, "thoughtSignature": "c2ln" },
        { "functionCall": { "name": "play", "args": {} } },
    ]);
    let calls = wire::gemini(&[wire::gemini_frame(parts, Some("STOP"))]);
    let stub = Stub::replying([
        Reply::streams(calls),
        Reply::streams(wire::gemini_says(&["Done."])),
    ])
    .await;
    let gemini = model(ProviderKind::Gemini, &stub);
    let schema = json!({ "type": "object", "properties": { "prompt": { "type": "string" } } });
    let tools = vec![ToolDefinition {
        name: "paint".into(),
        description: "Paints.".into(),
        schema,
    }];
    let mut request = ModelRequest {
        messages: vec![
            PromptMessage::System("Be brief.".into()),
            PromptMessage::User("Paint a tree".into(), Vec::new()),
        ],
        tools,
    };
    let (_, rest) = split_text(request_events(&*gemini, request.clone()).await);
    let calls: Vec<ToolCall> = rest
        .into_iter()
        .filter_map(|event| {
            if let Ok(ModelEvent::Call(call)) = event {
                Some(call)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(
        calls
            .iter()
            .map(|call| call.name.as_str())
            .collect::<Vec<_>>(),
        ["paint", "play"]
    );
    request.messages.push(PromptMessage::Calls(calls.clone()));
    request
        .messages
        .extend(calls.iter().map(|call| PromptMessage::Result {
            call_id: call.id.clone(),
            text: "It is done.".into(),
        }));
    let (text, _) = split_text(request_events(&*gemini, request).await);
    assert_eq!(text, "Done.");

    let [first, second] = &stub.requests()[..] else {
        panic!("two requests")
    };
    assert!(
        first
            .line
            .starts_with("POST /v1beta/models/m:streamGenerateContent?alt=sse"),
        "{}",
        first.line
    );
    assert!(first.headers.contains("x-goog-api-key: the-key"));
    assert_eq!(
        first.body["tools"][0]["functionDeclarations"][0]["name"],
        "paint"
    );
    let contents = second.body["contents"].to_string();
    assert!(
        contents.contains("\"thoughtSignature\":\"c2ln\""),
        "{contents}"
    );
    assert!(
        contents.contains("\"functionResponse\"") && contents.contains("\"name\":\"play\""),
        "{contents}"
    );
}

#[tokio::test]
async fn model_titles_distinguish_models_and_custom_hosts() {
    let stub = Stub::replying([Reply::streams("")]).await;
    let links = [
        link(ProviderKind::Groq, "a", &stub),
        link(ProviderKind::Groq, "b", &stub),
        link(ProviderKind::OpenAi, "c", &stub),
    ];
    let chain = providers::chain(&links, 0.0).unwrap();
    let titles: Vec<_> = chain.iter().map(|model| model.link().title()).collect();
    assert_eq!(titles, ["Groq a", "Groq b", "127.0.0.1 c"]);
}

#[tokio::test]
async fn a_picture_is_sent_with_its_message() {
    let picture = PromptImage {
        media_type: "image/png".into(),
        name: "tree.png".into(),
        bytes: b"\x89PNG".as_slice().into(),
    };
    let request = ModelRequest {
        messages: vec![PromptMessage::User("What is this?".into(), vec![picture])],
        tools: Vec::new(),
    };
    let stub = Stub::replying([Reply::streams(wire::gemini_says(&["A tree."]))]).await;
    let gemini = model(ProviderKind::Gemini, &stub);
    assert!(
        gemini.link().supports_images && !model(ProviderKind::Groq, &stub).link().supports_images
    );
    split_text(request_events(&*gemini, request).await);
    let parts = stub.requests()[0].body["contents"][0]["parts"].clone();
    assert_eq!(parts[0]["text"], "What is this?");
    let sent = parts[1].to_string();
    assert!(
        sent.contains("image/png") && sent.contains("iVBORw=="),
        "{sent}"
    );
}
