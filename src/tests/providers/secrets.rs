//! Secrets in prompts, answers, arguments, errors and headers are neither stored, sent nor shown.

use super::{
    link,
    stub::{Reply, Stub},
    turns::events_until_turn_end,
    wire,
};
use crate::{
    server::assistant::link::ProviderKind,
    tests::support::{TestApp, folders::files_below},
};
use serde_json::json;

#[tokio::test]
async fn secrets_reach_neither_storage_nor_readers() {
    const KEYS: [&str; 4] = [
        "gsk_canaryPromptAbcdefghijklmnop123456",
        "gsk_canaryAnswerAbcdefghijklmnop123456",
        "gsk_canaryArgumentAbcdefghijklmnop1234",
        "gsk_canaryErrorAbcdefghijklmnopq123456",
    ];
    let error = Reply::refuses(
        401,
        json!({ "error": { "message": format!("Incorrect API key provided: {}", KEYS[3]) } }),
    );
    let arguments = json!({ "prompt": format!("a tree and {}", KEYS[2]) }).to_string();
    let calls = json!([
        { "index": 0, "id": "a", "type": "function",
          "function": { "name": "generate_image", "arguments": arguments } },
    ]);
    let tool_call = wire::openai(&[
        wire::openai_chunk(json!({ "tool_calls": calls }), None),
        wire::openai_chunk(json!({}), Some("tool_calls")),
    ]);
    let (head, tail) = KEYS[1].split_at(10);
    let answer = wire::groq_says(&["Your key is ", head, tail, " as I see."]);
    let (gemini, groq) = (
        Stub::replying([error]).await,
        Stub::replying([Reply::streams(tool_call), Reply::streams(answer)]).await,
    );
    let links = vec![
        link(ProviderKind::Gemini, "g", &gemini),
        link(ProviderKind::Groq, "q", &groq),
    ];
    let app = TestApp::with(|config| config.models = links, |_| {}).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    let mut stream = ada.streams("").await;
    ada.says(
        &conversation,
        &format!("My key is {}, paint a tree", KEYS[0]),
    )
    .await;
    let events = events_until_turn_end(&mut stream).await;
    let read = ada.reads(&conversation).await;
    assert_eq!(
        read["messages"].as_array().unwrap().last().unwrap()["content"],
        "Your key is [masked] as I see."
    );
    let entries = ada.entries(&conversation).await;
    assert_eq!(entries.last().unwrap()["metadata"]["maskedValues"], 1);
    let data = app.app.config.data_dir.clone();
    let mut seen = format!("{events:?}");
    for file in files_below(&data) {
        seen.push_str(&String::from_utf8_lossy(&std::fs::read(file).unwrap()));
    }
    for key in KEYS.iter().chain(&["the-key"]) {
        assert!(!seen.contains(key), "{key} was leaked");
    }
    assert!(seen.contains("[masked]"));
}
