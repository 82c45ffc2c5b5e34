//! Frames of the providers' streams, as documented by them.

use serde_json::{Value, json};

/// A Gemini stream: one JSON object per frame, CRLF line ends, no end marker.
pub(in crate::tests) fn gemini(frames: &[Value]) -> String {
    frames
        .iter()
        .map(|frame| format!("data: {frame}\r\n\r\n"))
        .collect()
}

/// A Gemini frame with these parts; every frame carries the usage so far.
pub(in crate::tests) fn gemini_frame(parts: Value, finish: Option<&str>) -> Value {
    let mut candidate = json!({ "content": { "parts": parts, "role": "model" }, "index": 0 });
    if let Some(reason) = finish {
        candidate["finishReason"] = json!(reason);
    }
    let usage = json!({ "promptTokenCount": 12, "candidatesTokenCount": 5, "totalTokenCount": 17 });
    json!({
        "candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-2.5-flash",
        "responseId": "r1"
    })
}

/// A Gemini answer with this text.
pub(in crate::tests) fn gemini_says(pieces: &[&str]) -> String {
    let last = pieces.len() - 1;
    let frame = |(at, piece): (usize, &&str)| {
        gemini_frame(json!([{ "text": piece }]), (at == last).then_some("STOP"))
    };
    gemini(&pieces.iter().enumerate().map(frame).collect::<Vec<_>>())
}

/// An OpenAI stream: comments as keep-alive, `[DONE]` at the end.
pub(in crate::tests) fn openai(frames: &[Value]) -> String {
    let frames: String = frames
        .iter()
        .map(|frame| format!(": keep-alive\n\ndata: {frame}\n\n"))
        .collect();
    format!("{frames}data: [DONE]\n\n")
}

/// An OpenAI chunk with this delta.
pub(in crate::tests) fn openai_chunk(delta: Value, finish: Option<&str>) -> Value {
    let choice = json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish });
    json!({
        "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [choice], "usage": null
    })
}

/// The last chunk, with the usage.
pub(in crate::tests) fn openai_usage() -> Value {
    let usage = json!({ "prompt_tokens": 20, "completion_tokens": 7, "total_tokens": 27 });
    json!({
        "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [],
        "usage": usage
    })
}

/// An OpenAI-compatible answer with this text.
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

/// A Groq answer with this text; the usage is in a field of its own on the last chunk.
pub(in crate::tests) fn groq_says(pieces: &[&str]) -> String {
    let mut frames: Vec<Value> = pieces
        .iter()
        .map(|piece| openai_chunk(json!({ "content": piece }), None))
        .collect();
    let mut last = openai_chunk(json!({}), Some("stop"));
    last["x_groq"] = json!({
        "id": "req_1",
        "usage": {
            "prompt_tokens": 31, "completion_tokens": 9, "total_tokens": 40, "total_time": 0.1
        },
    });
    frames.push(last);
    openai(&frames)
}
