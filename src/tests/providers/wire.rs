//! The frames of the providers' streams, as their documentation gives them.

use serde_json::{Value, json};

/// Gemini's stream: one JSON object a frame, lines end in CRLF, no end mark.
pub(in crate::tests) fn gemini(frames: &[Value]) -> String {
    frames
        .iter()
        .map(|frame| format!("data: {frame}\r\n\r\n"))
        .collect()
}

/// A frame of Gemini's with these parts; usage stands on every frame and grows.
pub(in crate::tests) fn gemini_frame(parts: Value, finish: Option<&str>) -> Value {
    let mut candidate = json!({ "content": { "parts": parts, "role": "model" }, "index": 0 });
    if let Some(reason) = finish {
        candidate["finishReason"] = json!(reason);
    }
    let usage = json!({ "promptTokenCount": 12, "candidatesTokenCount": 5, "totalTokenCount": 17 });
    json!({ "candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-2.5-flash", "responseId": "r1" })
}

/// What Gemini says to a question in these words.
pub(in crate::tests) fn gemini_says(pieces: &[&str]) -> String {
    let last = pieces.len() - 1;
    let frame = |(at, piece): (usize, &&str)| {
        gemini_frame(json!([{ "text": piece }]), (at == last).then_some("STOP"))
    };
    gemini(&pieces.iter().enumerate().map(frame).collect::<Vec<_>>())
}

/// OpenAI's stream: comments keep it alive, `[DONE]` ends it.
pub(in crate::tests) fn openai(frames: &[Value]) -> String {
    let frames: String = frames
        .iter()
        .map(|frame| format!(": keep-alive\n\ndata: {frame}\n\n"))
        .collect();
    format!("{frames}data: [DONE]\n\n")
}

/// A chunk of OpenAI's with this delta.
pub(in crate::tests) fn openai_chunk(delta: Value, finish: Option<&str>) -> Value {
    let choice = json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish });
    json!({ "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], "usage": null })
}

/// The tail chunk that carries the usage.
pub(in crate::tests) fn openai_usage() -> Value {
    let usage = json!({ "prompt_tokens": 20, "completion_tokens": 7, "total_tokens": 27 });
    json!({ "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "usage": usage })
}

/// What an OpenAI-compatible server says in these words.
pub(in crate::tests) fn openai_says(pieces: &[&str]) -> String {
    let mut frames = vec![openai_chunk(
        json!({ "role": "assistant", "content": "" }),
        None,
    )];
    frames.extend(
        pieces
            .iter()
            .map(|piece| openai_chunk(json!({ "content": piece }), None)),
    );
    frames.extend([openai_chunk(json!({}), Some("stop")), openai_usage()]);
    openai(&frames)
}

/// What Groq says in these words: its usage stands in a field of its own on the last chunk.
pub(in crate::tests) fn groq_says(pieces: &[&str]) -> String {
    let mut frames: Vec<Value> = pieces
        .iter()
        .map(|piece| openai_chunk(json!({ "content": piece }), None))
        .collect();
    let mut last = openai_chunk(json!({}), Some("stop"));
    last["x_groq"] = json!({ "id": "req_1", "usage": { "prompt_tokens": 31, "completion_tokens": 9, "total_tokens": 40, "total_time": 0.1 } });
    frames.push(last);
    openai(&frames)
}
