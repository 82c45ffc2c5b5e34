//! Any bytes as a model's stream: reading them never panics, keeps a bounded amount of memory, and
//! gives the same events however the bytes arrive. The seeds are streams as the providers document
//! them; they are changed in every way in which servers differ from them.

use crate::{
    server::assistant::{
        model::{ErrorClass, ModelEvent, ToolCall, Usage},
        providers::{
            dialects::{
                ARGUMENTS_MAX_BYTES, CALLS_MAX, Dialect, StreamDecoder, StreamItem, TOO_LONG,
            },
            sse::EVENT_MAX_BYTES,
        },
    },
    tests::support::hunt,
};
use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};

const SEEDS: [(Dialect, &str); 5] = [
    (Dialect::OpenAi, include_str!("streams/openai_text.sse")),
    (Dialect::OpenAi, include_str!("streams/openai_calls.sse")),
    (
        Dialect::OpenAi,
        include_str!("streams/openai_reasoning.sse"),
    ),
    (Dialect::Gemini, include_str!("streams/gemini.sse")),
    (Dialect::Anthropic, include_str!("streams/anthropic.sse")),
];

/// What servers write in place of something else.
const VARIANTS: [(&str, &str); 24] = [
    ("\n", "\r\n"),
    ("\n", "\r"),
    ("\n\n", "\n"),
    ("data: ", "data:"),
    ("data: ", ""),
    ("data: [DONE]", ""),
    ("event: ", "x: "),
    ("\"index\":0", "\"index\":4000000000"),
    ("\"index\":1", "\"index\":0"),
    ("\"index\":0,", ""),
    ("\"index\":", "\"index\":-"),
    ("\"id\":\"", "\"id\":\"\",\"x\":\""),
    ("\"id\":", "\"x\":"),
    ("\"choices\":[", "\"error\":null,\"choices\":["),
    ("\"choices\":[", "\"choices\":[],\"x\":["),
    ("\"choices\":[", "\"choices\":{},\"x\":["),
    ("\"arguments\":\"\"", "\"arguments\":null"),
    ("\"arguments\":\"", "\"arguments\":{},\"x\":\""),
    ("\"finish_reason\":\"", "\"finish_reason\":\"\",\"x\":\""),
    ("\"content\":", "\"reasoning_content\":"),
    ("\"text\":\"", "\"thought\":true,\"text\":\"<think>"),
    ("\"usage\":", "\"usage\":null,\"x\":"),
    ("Tokens\":", "Tokens\":1e300,\"x\":"),
    ("\"function\":{", "\"function\":[{"),
];

/// Frames that come where nobody expects them.
const FRAMES: [&str; 14] = [
    ": processing\n\n",
    "\u{feff}\n\n",
    "data: null\n\n",
    "data: []\n\n",
    "data: {}\n\n",
    "data: \"x\"\n\n",
    "data: <html>\n\n",
    "data: [DONE]\n\n",
    "event: error\ndata: {\"message\":\"overloaded\"}\n\n",
    "data: {\"error\":{\"code\":429,\"message\":\"slow down\"}}\n\n",
    "data: {\"error\":\"\"}\n\n",
    "data: {\"choices\":[{\"delta\":{\"content\":[{\"text\":\"a\"}],\
     \"tool_calls\":[1,null]}}]}\n\n",
    "data: {\"candidates\":[{\"content\":{\"parts\":[null,{\"functionCall\":{}}]}}]}\n\n",
    "data: {\"type\":\"content_block_delta\",\"delta\":{\"partial_json\":\"}\"}}\n\n",
];

#[derive(Debug, Clone)]
enum Mutation {
    /// Writes a variant at every place.
    Variant(Index),
    /// Writes a variant at one place.
    VariantOnce(Index, Index),
    Insert(Index, Index),
    Drop(Index),
    Duplicate(Index),
    Swap(Index, Index),
    Garble(Index, u8),
    Truncate(Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    use Mutation::*;
    prop_oneof![
        3 => any::<Index>().prop_map(Variant),
        3 => any::<(Index, Index)>().prop_map(|(which, at)| VariantOnce(which, at)),
        2 => any::<(Index, Index)>().prop_map(|(which, at)| Insert(which, at)),
        1 => any::<Index>().prop_map(Drop),
        1 => any::<Index>().prop_map(Duplicate),
        1 => any::<(Index, Index)>().prop_map(|(a, b)| Swap(a, b)),
        2 => any::<(Index, u8)>().prop_map(|(at, byte)| Garble(at, byte)),
        1 => any::<Index>().prop_map(Truncate),
    ]
}

fn apply(bytes: &mut Vec<u8>, mutation: &Mutation) {
    if bytes.is_empty() {
        return;
    }
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mut frames: Vec<String> = text.split_inclusive("\n\n").map(str::to_owned).collect();
    match mutation {
        Mutation::Variant(which) => {
            let (from, to) = VARIANTS[which.index(VARIANTS.len())];
            *bytes = text.replace(from, to).into_bytes();
            return;
        }
        Mutation::VariantOnce(which, at) => {
            let (from, to) = VARIANTS[which.index(VARIANTS.len())];
            let places: Vec<usize> = text.match_indices(from).map(|(at, _)| at).collect();
            if !places.is_empty() {
                let (head, tail) = text.split_at(places[at.index(places.len())]);
                *bytes = format!("{head}{}", tail.replacen(from, to, 1)).into_bytes();
            }
            return;
        }
        Mutation::Garble(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
            return;
        }
        Mutation::Truncate(at) => {
            let length = at.index(bytes.len());
            bytes.truncate(length);
            return;
        }
        Mutation::Insert(which, at) => {
            let frame = FRAMES[which.index(FRAMES.len())].to_owned();
            frames.insert(at.index(frames.len() + 1), frame);
        }
        Mutation::Drop(at) => drop(frames.remove(at.index(frames.len()))),
        Mutation::Duplicate(at) => {
            let at = at.index(frames.len());
            frames.insert(at, frames[at].clone());
        }
        Mutation::Swap(a, b) => {
            let (a, b) = (a.index(frames.len()), b.index(frames.len()));
            frames.swap(a, b);
        }
    }
    *bytes = frames.concat().into_bytes();
}

fn dialect() -> impl Strategy<Value = Dialect> {
    prop::sample::select(vec![Dialect::OpenAi, Dialect::Gemini, Dialect::Anthropic])
}

fn mutated() -> impl Strategy<Value = (Dialect, Vec<u8>)> {
    let mutations = prop::collection::vec(mutation(), 0..6);
    let seeds = prop::sample::select(SEEDS.to_vec());
    (seeds, mutations).prop_map(|((dialect, seed), mutations)| {
        let mut bytes = seed.as_bytes().to_vec();
        for mutation in &mutations {
            apply(&mut bytes, mutation);
        }
        (dialect, bytes)
    })
}

/// The items of a stream that arrives in these parts.
fn decode<'a>(dialect: Dialect, parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<StreamItem> {
    let mut decoder = StreamDecoder::new(dialect);
    let mut items = Vec::new();
    for part in parts {
        items.extend(decoder.feed(part));
    }
    items.extend(decoder.finish());
    items
}

fn parts<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|at| at.index(bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect()
}

fn size(item: &StreamItem) -> usize {
    match item {
        Ok(ModelEvent::Text(text) | ModelEvent::Reasoning(text)) => text.len(),
        Ok(ModelEvent::Call(call)) => {
            let arguments = match &call.arguments {
                Value::String(text) => text.len(),
                other => other.to_string().len(),
            };
            let signatures: usize = call.signatures.iter().map(String::len).sum();
            call.id.len() + call.name.len() + arguments + signatures
        }
        Ok(_) => 1,
        Err(error) => error.message.len(),
    }
}

/// Asserts that the items end as they should and are not larger than what was read.
fn assert_bounded(bytes: usize, items: &[StreamItem]) {
    let is_last = |item: &StreamItem| matches!(item, Ok(ModelEvent::End { .. }) | Err(_));
    let ends: Vec<usize> = (0..items.len()).filter(|at| is_last(&items[*at])).collect();
    assert_eq!(ends, [items.len() - 1], "one end, and nothing after it");
    let total: usize = items.iter().map(size).sum();
    assert!(total <= 16 * bytes + 8_192, "{total} bytes from {bytes}");
    assert!(items.len() <= bytes + 2, "{} items", items.len());
    let calls = items
        .iter()
        .filter(|item| matches!(item, Ok(ModelEvent::Call(_))));
    assert!(calls.count() <= CALLS_MAX);
}

fn check(dialect: Dialect, bytes: &[u8], cuts: &[Index]) {
    let whole = decode(dialect, [bytes]);
    assert_bounded(bytes.len(), &whole);
    assert_eq!(decode(dialect, parts(bytes, cuts)), whole);
    assert_eq!(decode(dialect, bytes.chunks(1)), whole);
    let as_json = StreamDecoder::new(dialect).read_json(bytes);
    assert_bounded(bytes.len(), &as_json);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(hunt::cases(300, 20_000)))]

    #[test]
    fn a_stream_of_any_server_is_read((dialect, bytes) in mutated(), cuts: Vec<Index>) {
        check(dialect, &bytes, &cuts);
    }

    #[test]
    fn any_bytes_are_read(dialect in dialect(), bytes: Vec<u8>, cuts: Vec<Index>) {
        check(dialect, &bytes, &cuts);
    }

    #[test]
    fn any_text_is_read_as_data(dialect in dialect(), lines in "(data: ?)?[ -~\n]{0,200}") {
        check(dialect, lines.as_bytes(), &[]);
    }
}

fn tool_call(id: &str, name: &str, arguments: Value) -> StreamItem {
    Ok(ModelEvent::Call(ToolCall {
        id: id.into(),
        name: name.into(),
        arguments,
        signatures: Vec::new(),
    }))
}

fn end(input_tokens: i64, output_tokens: i64) -> StreamItem {
    Ok(ModelEvent::End {
        usage: Some(Usage {
            input_tokens,
            output_tokens,
            estimated: false,
        }),
        cut_short: false,
    })
}

fn text(text: &str) -> StreamItem {
    Ok(ModelEvent::Text(text.into()))
}

fn reasoning(text: &str) -> StreamItem {
    Ok(ModelEvent::Reasoning(text.into()))
}

#[test]
fn documented_streams_are_read_however_they_are_split() {
    let signed = ToolCall {
        id: String::new(),
        name: "paint".into(),
        arguments: json!({ "prompt": "a tree" }),
        signatures: vec!["c2ln".into()],
    };
    let expected: [Vec<StreamItem>; 5] = [
        vec![text("Grüße aus 東京"), text(" 🌊."), end(20, 7)],
        vec![
            tool_call("call_a", "paint", json!({ "prompt": "a tree" })),
            tool_call("call_b", "play", json!({})),
            end(31, 9),
        ],
        vec![
            reasoning("The user "),
            reasoning("greets."),
            reasoning("Hm"),
            reasoning("."),
            text("Hello."),
            Ok(ModelEvent::End {
                usage: None,
                cut_short: true,
            }),
        ],
        vec![
            reasoning("Let me paint."),
            text("Here it is."),
            Ok(ModelEvent::Call(signed)),
            tool_call("f2", "paint", json!({ "prompt": "a house" })),
            end(12, 8),
        ],
        vec![
            reasoning("The weather."),
            text("Let me look."),
            tool_call("toolu_1", "weather", json!({ "place": "Köln" })),
            tool_call("toolu_2", "list", json!({})),
            end(30, 89),
        ],
    ];
    for ((dialect, seed), expected) in SEEDS.into_iter().zip(expected) {
        for at in 0..=seed.len() {
            let (head, tail) = seed.as_bytes().split_at(at);
            assert_eq!(
                decode(dialect, [head, tail]),
                expected,
                "{dialect:?} at {at}"
            );
        }
    }
}

#[test]
fn a_body_that_is_not_a_stream_is_read() {
    let openai = json!({
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": "Hi", "tool_calls": null },
            "finish_reason": "stop",
        }],
        "usage": { "prompt_tokens": 3, "completion_tokens": 1 },
    });
    let anthropic = json!({
        "type": "message", "role": "assistant", "stop_reason": "end_turn",
        "content": [{ "type": "text", "text": "Hi" }],
        "usage": { "input_tokens": 3, "output_tokens": 1 },
    });
    let gemini = json!([{
        "candidates": [{ "content": { "parts": [{ "text": "Hi" }] }, "finishReason": "STOP" }],
        "usageMetadata": { "promptTokenCount": 3, "candidatesTokenCount": 1 },
    }]);
    for (dialect, body) in [
        (Dialect::OpenAi, openai),
        (Dialect::Anthropic, anthropic),
        (Dialect::Gemini, gemini),
    ] {
        let body = serde_json::to_vec_pretty(&body).unwrap();
        let items = StreamDecoder::new(dialect).read_json(&body);
        assert_eq!(items, [text("Hi"), end(3, 1)], "{dialect:?}");
    }
}

#[test]
fn what_is_too_large_is_bounded() {
    let frame = |calls: Value| {
        let choice = json!({ "index": 0, "delta": { "tool_calls": calls } });
        format!("data: {}\n\n", json!({ "choices": [choice] }))
    };
    let call = |index: usize, arguments: &str| {
        let function = json!({ "name": "paint", "arguments": arguments });
        json!([{ "index": index, "id": format!("c{index}"), "function": function }])
    };
    let many: String = (0..10_000).map(|at| frame(call(at, "{}"))).collect();
    let items = decode(
        Dialect::OpenAi,
        [format!("{many}data: [DONE]\n\n").as_bytes()],
    );
    assert_eq!(items.len(), CALLS_MAX + 1);

    let piece = "x".repeat(ARGUMENTS_MAX_BYTES / 4);
    let long: String = (0..400).map(|_| frame(call(0, &piece))).collect();
    let items = decode(
        Dialect::OpenAi,
        [format!("{long}data: [DONE]\n\n").as_bytes()],
    );
    assert_eq!(items[0], tool_call("c0", "paint", json!(TOO_LONG)));

    for bytes in [
        "data: x".repeat(EVENT_MAX_BYTES),
        format!("data: {}", "[".repeat(EVENT_MAX_BYTES + 1)),
        format!("data: {}\n\n", "[".repeat(EVENT_MAX_BYTES / 2)),
        format!("data: {}\n\n", "{\"a\":".repeat(EVENT_MAX_BYTES / 8)),
    ] {
        let items = decode(Dialect::OpenAi, [bytes.as_bytes()]);
        assert!(
            matches!(&items[..], [Err(error)] if error.class == ErrorClass::Server),
            "{items:?}"
        );
    }
}

#[test]
fn errors_of_anthropic_keep_their_class() {
    for (kind, class) in [
        ("overloaded_error", ErrorClass::Server),
        ("api_error", ErrorClass::Server),
        ("rate_limit_error", ErrorClass::RateLimit),
        ("authentication_error", ErrorClass::Auth),
        ("invalid_request_error", ErrorClass::BadRequest),
    ] {
        let error = json!({ "type": "error", "error": { "type": kind, "message": "No." } });
        let stream = format!("event: error\ndata: {error}\n\n");
        let items = decode(Dialect::Anthropic, [stream.as_bytes()]);
        let [Err(error)] = &items[..] else {
            panic!("{items:?}")
        };
        assert_eq!(
            (error.class, error.message.as_str()),
            (class, "No."),
            "{kind}"
        );
    }
    for (reason, expected) in [
        ("refusal", Err(ErrorClass::ContentFilter)),
        ("max_tokens", Ok(true)),
        ("end_turn", Ok(false)),
    ] {
        let delta = json!({ "type": "message_delta", "delta": { "stop_reason": reason } });
        let stream = format!("data: {delta}\n\n");
        let items = decode(Dialect::Anthropic, [stream.as_bytes()]);
        let ended = match &items[..] {
            [Ok(ModelEvent::End { cut_short, .. })] => Ok(*cut_short),
            [Err(error)] => Err(error.class),
            other => panic!("{other:?}"),
        };
        assert_eq!(ended, expected, "{reason}");
    }
}
