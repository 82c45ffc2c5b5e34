//! Answers as servers really send them: what one stream means, row by row.

use super::{
    events_of, model,
    stub::{Reply, ReplyEnd, Stub},
    wire,
};
use crate::server::assistant::{
    link::ProviderKind,
    model::{ErrorClass, ModelEvent, ModelRequest, PromptMessage},
};
use futures::StreamExt;
use serde_json::{Value, json};
use std::time::Duration;

/// What a row expects: an event, with neighbouring texts joined, or an error's class.
#[derive(Debug, PartialEq)]
enum Seen {
    Text(String),
    Reasoning(String),
    /// Tool and arguments.
    Call(String, Value),
    End,
    CutShort,
    Error(ErrorClass),
}

fn text(text: &str) -> Seen {
    Seen::Text(text.to_owned())
}

fn reasoning(text: &str) -> Seen {
    Seen::Reasoning(text.to_owned())
}

fn call(name: &str, arguments: Value) -> Seen {
    Seen::Call(name.to_owned(), arguments)
}

/// The events of a stream that a server answers with, in short.
async fn seen(provider: ProviderKind, reply: Reply) -> Vec<Seen> {
    let mut seen: Vec<Seen> = Vec::new();
    for event in events_of(provider, reply).await {
        let next = match event {
            Ok(ModelEvent::Text(more)) => Seen::Text(more),
            Ok(ModelEvent::Reasoning(more)) => Seen::Reasoning(more),
            Ok(ModelEvent::Call(call)) => Seen::Call(call.name, call.arguments),
            Ok(ModelEvent::End { cut_short, .. }) if cut_short => Seen::CutShort,
            Ok(ModelEvent::End { .. }) => Seen::End,
            Ok(ModelEvent::Thinking | ModelEvent::LeftOut(_)) => continue,
            Err(error) => Seen::Error(error.class),
        };
        match (seen.last_mut(), next) {
            (Some(Seen::Text(text)), Seen::Text(more)) => text.push_str(&more),
            (Some(Seen::Reasoning(text)), Seen::Reasoning(more)) => text.push_str(&more),
            (_, next) => seen.push(next),
        }
    }
    seen
}

fn frames(frames: &[Value]) -> String {
    frames
        .iter()
        .map(|frame| format!("data: {frame}\n\n"))
        .collect()
}

/// A stream of these deltas that ends with `finish`, without `[DONE]`.
fn deltas(deltas: &[Value], finish: &str) -> String {
    let mut all: Vec<Value> = deltas
        .iter()
        .map(|delta| wire::openai_chunk(delta.clone(), None))
        .collect();
    all.push(wire::openai_chunk(json!({}), Some(finish)));
    frames(&all)
}

fn calls(fragments: &[Value]) -> String {
    let all: Vec<Value> = fragments
        .iter()
        .map(|calls| json!({ "tool_calls": calls }))
        .collect();
    format!("{}data: [DONE]\n\n", deltas(&all, "tool_calls"))
}

async fn check(rows: Vec<(&str, ProviderKind, String, Vec<Seen>)>) {
    for (row, provider, body, expected) in rows {
        let events = seen(provider, Reply::streams(body)).await;
        assert_eq!(events, expected, "{row}");
    }
}

#[tokio::test]
async fn arguments_are_an_object_or_the_text_that_was_sent() {
    let function = |arguments: Value| json!({ "name": "list", "arguments": arguments });
    let object = || json!({ "prompt": "a tree" });
    let rows = [
        (function(json!("")), json!({})),
        (function(json!("  \n")), json!({})),
        (function(Value::Null), json!({})),
        (json!({ "name": "list" }), json!({})),
        (function(json!("null")), json!({})),
        (function(json!("[]")), json!({})),
        (function(json!("\"\"")), json!({})),
        (function(json!("{}")), json!({})),
        (function(object()), object()),
        (function(json!({})), json!({})),
        (function(json!(r#"{"prompt":"a tree"}"#)), object()),
        (
            function(json!(r#"{"prompt":"a tree"}</tool_call>"#)),
            object(),
        ),
        (function(json!(r#"{"prompt":"a tree"}}"#)), object()),
        (function(json!(r#"{}{"prompt":"a tree"}"#)), object()),
        (
            function(json!(r#"{"prompt":"a tree"}{"prompt":"a tree"}"#)),
            object(),
        ),
        (
            function(json!("```json\n{\"prompt\":\"a tree\"}\n```")),
            object(),
        ),
        (
            function(json!(json!(object().to_string()).to_string())),
            object(),
        ),
        (function(json!("a tree")), json!("a tree")),
        (
            function(json!("{\"prompt\": oops")),
            json!("{\"prompt\": oops"),
        ),
        (function(json!("[1]")), json!("[1]")),
        (function(json!(7)), json!("7")),
    ];
    for (function, expected) in rows {
        let body = calls(&[json!([{ "index": 0, "id": "a", "function": function }])]);
        let events = seen(ProviderKind::OpenAi, Reply::streams(body)).await;
        assert_eq!(events, [call("list", expected), Seen::End], "{function}");
    }
}

#[tokio::test]
async fn parts_of_calls_are_joined_by_id_else_by_index_else_by_position() {
    let whole = |name: &str, n: u8| json!({ "name": name, "arguments": format!("{{\"n\":{n}}}") });
    let part = |arguments: &str| json!({ "arguments": arguments });
    let first = |name: &str| json!({ "name": name, "arguments": "{\"n\":" });
    let both = || {
        vec![
            call("a", json!({ "n": 1 })),
            call("b", json!({ "n": 2 })),
            Seen::End,
        ]
    };
    let openai = ProviderKind::OpenAi;
    check(vec![
        (
            "no index",
            openai,
            calls(&[
                json!([{ "id": "x", "function": whole("a", 1) }]),
                json!([{ "id": "y", "function": whole("b", 2) }]),
            ]),
            both(),
        ),
        (
            "neither index nor id",
            openai,
            calls(&[json!([{ "function": whole("a", 1) }, { "function": whole("b", 2) }])]),
            both(),
        ),
        (
            "one index for two ids",
            openai,
            calls(&[
                json!([{ "index": 0, "id": "x", "function": whole("a", 1) }]),
                json!([{ "index": 0, "id": "y", "function": whole("b", 2) }]),
            ]),
            both(),
        ),
        (
            "one index and no ids",
            openai,
            calls(&[
                json!([{ "index": 0, "function": whole("a", 1) }]),
                json!([{ "index": 0, "function": whole("b", 2) }]),
            ]),
            both(),
        ),
        (
            "the id in each part, no index",
            openai,
            calls(&[
                json!([{ "id": "x", "function": first("a") }]),
                json!([{ "id": "y", "function": first("b") }]),
                json!([{ "id": "x", "function": part("1}") }]),
                json!([{ "id": "y", "function": part("2}") }]),
            ]),
            both(),
        ),
        (
            "an empty id in later parts",
            openai,
            calls(&[
                json!([{ "index": 0, "id": "x", "function": first("a") }]),
                json!([{ "index": 0, "id": "", "function": part("1}") }]),
                json!([{ "index": 1, "id": "y", "function": first("b") }]),
                json!([{ "index": 1, "id": null, "function": part("2}") }]),
            ]),
            both(),
        ),
        (
            "a new id in each part",
            openai,
            calls(&[
                json!([{ "index": 0, "id": "x1", "function": first("a") }]),
                json!([{ "index": 0, "id": "x2", "function": part("1}") }]),
                json!([{ "index": 1, "id": "y1", "function": first("b") }]),
                json!([{ "index": 1, "id": "y2", "function": part("2}") }]),
            ]),
            both(),
        ),
        (
            "the name in each part",
            openai,
            calls(&[
                json!([{ "index": 0, "id": "x", "function": first("a") }]),
                json!([{ "index": 0, "function": { "name": "a", "arguments": "1}" } }]),
                json!([{ "index": 1, "id": "y", "function": first("b") }]),
                json!([{ "index": 1, "function": { "name": "b", "arguments": "2}" } }]),
            ]),
            both(),
        ),
        (
            "parts without index and id by position",
            openai,
            calls(&[
                json!([{ "function": first("a") }, { "function": first("b") }]),
                json!([{ "function": part("1}") }, { "function": part("2}") }]),
            ]),
            both(),
        ),
    ])
    .await;
}

#[tokio::test]
async fn an_answer_is_whole_once_it_has_a_reason_to_stop() {
    let (openai, gemini) = (ProviderKind::OpenAi, ProviderKind::Gemini);
    let hi = json!({ "content": "Hi" });
    let whole = || vec![text("Hi"), Seen::End];
    let cut = || vec![text("Hi"), Seen::Error(ErrorClass::Network)];
    let chunk = |finish: Option<&str>| wire::openai_chunk(hi.clone(), finish);
    check(vec![
        (
            "no [DONE]",
            openai,
            deltas(std::slice::from_ref(&hi), "stop"),
            whole(),
        ),
        (
            "no [DONE] and no blank line at the end",
            openai,
            deltas(std::slice::from_ref(&hi), "stop")
                .trim_end()
                .to_owned(),
            whole(),
        ),
        (
            "[DONE] without a reason",
            openai,
            format!("{}data: [DONE]\n\n", frames(&[chunk(None)])),
            whole(),
        ),
        (
            "nothing after the text",
            openai,
            frames(&[chunk(None)]),
            cut(),
        ),
        ("an empty reason", openai, frames(&[chunk(Some(""))]), cut()),
        (
            "one line end between frames",
            openai,
            deltas(std::slice::from_ref(&hi), "stop").replace("\n\n", "\n"),
            whole(),
        ),
        (
            "frames without a field name",
            openai,
            deltas(std::slice::from_ref(&hi), "stop").replace("data: ", ""),
            whole(),
        ),
        (
            "Gemini without a reason",
            gemini,
            wire::gemini(&[wire::gemini_frame(json!([{ "text": "Hi" }]), None)]),
            cut(),
        ),
    ])
    .await;
    let cut_after_the_reason = Reply::streams(deltas(&[hi], "stop")).ending(ReplyEnd::Cut);
    assert_eq!(seen(openai, cut_after_the_reason).await, whole());
}

#[tokio::test]
async fn fields_that_say_nothing_are_ignored() {
    let with = |field: &str, value: Value| {
        let mut frame = wire::openai_chunk(json!({ "content": "Hi" }), Some("stop"));
        frame[field] = value;
        frames(&[frame])
    };
    let openai = ProviderKind::OpenAi;
    let hi = || vec![text("Hi"), Seen::End];
    let after = |frame: Value| format!("{}{}", frames(&[frame]), with("x", json!(1)));
    check(vec![
        ("error: null", openai, with("error", Value::Null), hi()),
        ("error: {}", openai, with("error", json!({})), hi()),
        ("an empty error", openai, with("error", json!("")), hi()),
        ("usage: null", openai, with("usage", Value::Null), hi()),
        ("odd usage", openai, with("usage", json!([1, "x"])), hi()),
        (
            "unknown",
            openai,
            with("timings", json!({ "a": [1] })),
            hi(),
        ),
        ("choices: []", openai, after(json!({ "choices": [] })), hi()),
        (
            "choices: null",
            openai,
            after(json!({ "choices": null })),
            hi(),
        ),
        ("no delta", openai, after(json!({ "choices": [{}] })), hi()),
        (
            "a filter's result",
            openai,
            after(json!({ "choices": [], "prompt_filter_results": [{ "index": 0 }] })),
            hi(),
        ),
        ("null", openai, after(Value::Null), hi()),
        (
            "calls: null",
            openai,
            deltas(
                &[json!({ "content": "Hi", "tool_calls": null, "function_call": null })],
                "stop",
            ),
            hi(),
        ),
        (
            "a real error",
            openai,
            with("error", json!({ "message": "overloaded", "code": 503 })),
            vec![Seen::Error(ErrorClass::Server)],
        ),
    ])
    .await;
}

#[tokio::test]
async fn reasoning_is_told_apart_from_the_answer() {
    let openai = ProviderKind::OpenAi;
    let content = |parts: &[&str]| -> String {
        let all: Vec<Value> = parts
            .iter()
            .map(|part| json!({ "content": part }))
            .collect();
        deltas(&all, "stop")
    };
    let both = || vec![reasoning("Hm."), text("Hi"), Seen::End];
    let field = |name: &str| {
        deltas(
            &[
                json!({ "content": null, name: "H" }),
                json!({ "content": "", name: "m." }),
                json!({ "content": "Hi" }),
            ],
            "stop",
        )
    };
    let parts = json!([{ "type": "thinking", "thinking": [{ "type": "text", "text": "Hm." }] }]);
    let thought = wire::gemini(&[
        wire::gemini_frame(json!([{ "text": "Hm.", "thought": true }]), None),
        wire::gemini_frame(json!([{ "text": "Hi" }]), Some("STOP")),
    ]);
    check(vec![
        (
            "reasoning_content",
            openai,
            field("reasoning_content"),
            both(),
        ),
        ("reasoning", openai, field("reasoning"), both()),
        (
            "only reasoning",
            openai,
            deltas(&[json!({ "reasoning_content": "Hm." })], "stop"),
            vec![reasoning("Hm."), Seen::End],
        ),
        (
            "content in parts",
            openai,
            deltas(
                &[
                    json!({ "content": parts }),
                    json!({ "content": [{ "type": "text", "text": "Hi" }] }),
                ],
                "stop",
            ),
            both(),
        ),
        (
            "a tag",
            openai,
            content(&["<think>Hm.</think>\n\nHi"]),
            both(),
        ),
        (
            "a tag in pieces",
            openai,
            content(&[
                "\n", "<th", "ink", ">H", "m", ".</", "thi", "nk>", "\n", "\nH", "i",
            ]),
            both(),
        ),
        (
            "a tag that is not closed",
            openai,
            content(&["<think>Hm", "."]),
            vec![reasoning("Hm."), Seen::End],
        ),
        (
            "a tag later",
            openai,
            content(&["Hi ", "<think>Hm.</think>"]),
            vec![text("Hi <think>Hm.</think>"), Seen::End],
        ),
        (
            "no tag",
            openai,
            content(&["<", "thin ice"]),
            vec![text("<thin ice"), Seen::End],
        ),
        (
            "a tag that ends the answer early",
            openai,
            content(&["<thi"]),
            vec![text("<thi"), Seen::End],
        ),
        ("a thought of Gemini", ProviderKind::Gemini, thought, both()),
    ])
    .await;
}

#[tokio::test]
async fn an_index_is_only_a_name() {
    let body = calls(&[json!([
        { "index": 4_000_000_000_u64, "id": "a", "function": { "name": "a", "arguments": "{}" } },
        { "index": -1, "id": "b", "function": { "name": "b", "arguments": "{}" } },
        { "index": 1e300, "id": "c", "function": { "name": "c", "arguments": "{}" } },
    ])]);
    assert_eq!(
        seen(ProviderKind::OpenAi, Reply::streams(body)).await,
        [
            call("a", json!({})),
            call("b", json!({})),
            call("c", json!({})),
            Seen::End
        ]
    );
}

#[tokio::test]
async fn any_byte_is_a_sign_of_life() {
    for bytes in [": processing\n\n", ":", "event: ping\n\n"] {
        let reply = Reply::streams(bytes).ending(ReplyEnd::Hangs);
        let stub = Stub::replying([reply]).await;
        let request = ModelRequest {
            messages: vec![PromptMessage::User("Hello".into(), Vec::new())],
            tools: Vec::new(),
        };
        let mut events = model(ProviderKind::OpenAi, &stub).stream(request);
        let first = tokio::time::timeout(Duration::from_secs(10), events.next()).await;
        assert_eq!(first, Ok(Some(Ok(ModelEvent::Thinking))), "{bytes:?}");
    }
}
