//! Answers as the providers stream them, cut at any byte.

use super::{
    asked, hears, link, model,
    stub::{Reply, Stub},
    told, wire,
};
use crate::server::assistant::{
    link::ProviderKind,
    model::{ModelEvent, ModelRequest, PromptImage, PromptMessage, ToolCall, Usage},
    providers,
    tool::ToolDefinition,
};
use serde_json::{Value, json};

const PIECES: [usize; 6] = [1, 2, 3, 7, 64, usize::MAX];
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
async fn text_and_usage_arrive_however_the_stream_is_cut() {
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
        for piece in PIECES {
            let heard = hears(provider, Reply::streams(body.clone()).in_pieces(piece)).await;
            assert_eq!(
                told(heard),
                (WORDS.concat(), vec![Ok(usage.clone())]),
                "{provider:?} in pieces of {piece}"
            );
        }
    }
}

#[tokio::test]
async fn a_provider_that_gives_no_usage_is_believed() {
    let body = wire::openai(&[
        wire::openai_chunk(json!({ "content": "Hi" }), None),
        wire::openai_chunk(json!({}), Some("stop")),
    ]);
    let heard = hears(ProviderKind::Groq, Reply::streams(body)).await;
    assert_eq!(
        told(heard),
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
async fn an_answer_at_its_length_limit_says_so() {
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
        let (text, rest) = told(hears(provider, Reply::streams(body)).await);
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
async fn tool_calls_by_index_with_arguments_in_fragments_become_two_calls() {
    let start = |index: u8, id: &str, name: &str| json!([{ "index": index, "id": id, "type": "function", "function": { "name": name, "arguments": "" } }]);
    let more = |index: u8, arguments: &str| json!([{ "index": index, "function": { "arguments": arguments } }]);
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
    for piece in PIECES {
        let (text, rest) = told(
            hears(
                ProviderKind::OpenAi,
                Reply::streams(wire::openai(&frames)).in_pieces(piece),
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
async fn arguments_that_are_no_json_stay_the_text_they_are() {
    let calls = json!([{ "index": 0, "id": "a", "type": "function", "function": { "name": "paint", "arguments": "{\"prompt\": oops" } }]);
    let frames = [
        wire::openai_chunk(json!({ "tool_calls": calls }), None),
        wire::openai_chunk(json!({}), Some("tool_calls")),
    ];
    let (_, rest) = told(hears(ProviderKind::OpenAi, Reply::streams(wire::openai(&frames))).await);
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
async fn geminis_signatures_go_back_with_the_call_and_results_name_their_tool() {
    let parts = json!([
        { "functionCall": { "name": "paint", "args": { "prompt": "a tree" } }, "thoughtSignature": "c2ln" },
        { "functionCall": { "name": "play", "args": {} } },
    ]);
    let calls = wire::gemini(&[wire::gemini_frame(parts, Some("STOP"))]);
    let stub = Stub::replies([
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
        said: vec![
            PromptMessage::System("Be brief.".into()),
            PromptMessage::User("Paint a tree".into(), Vec::new()),
        ],
        tools,
    };
    let (_, rest) = told(asked(&*gemini, request.clone()).await);
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
    request.said.push(PromptMessage::Calls(calls.clone()));
    request
        .said
        .extend(calls.iter().map(|call| PromptMessage::Result {
            call_id: call.id.clone(),
            text: "It is done.".into(),
        }));
    let (text, _) = told(asked(&*gemini, request).await);
    assert_eq!(text, "Done.");

    let [first, second] = &stub.asked()[..] else {
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
    let said = second.body["contents"].to_string();
    assert!(said.contains("\"thoughtSignature\":\"c2ln\""), "{said}");
    assert!(
        said.contains("\"functionResponse\"") && said.contains("\"name\":\"play\""),
        "{said}"
    );
}

#[tokio::test]
async fn two_models_of_one_provider_are_told_apart_and_a_server_of_ones_own_goes_by_its_host() {
    let stub = Stub::replies([Reply::streams("")]).await;
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
async fn a_picture_goes_with_the_words_it_stands_beside() {
    let picture = PromptImage {
        media_type: "image/png".into(),
        name: "tree.png".into(),
        bytes: b"\x89PNG".as_slice().into(),
    };
    let request = ModelRequest {
        said: vec![PromptMessage::User("What is this?".into(), vec![picture])],
        tools: Vec::new(),
    };
    let stub = Stub::replies([Reply::streams(wire::gemini_says(&["A tree."]))]).await;
    let gemini = model(ProviderKind::Gemini, &stub);
    assert!(
        gemini.link().takes_pictures && !model(ProviderKind::Groq, &stub).link().takes_pictures
    );
    told(asked(&*gemini, request).await);
    let parts = stub.asked()[0].body["contents"][0]["parts"].clone();
    assert_eq!(parts[0]["text"], "What is this?");
    let sent = parts[1].to_string();
    assert!(
        sent.contains("image/png") && sent.contains("iVBORw=="),
        "{sent}"
    );
}
