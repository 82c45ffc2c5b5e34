//! The entries that a turn logs, as the demo's scripts show them.

use crate::tests::support::{TestApp, ToldModel};
use serde_json::{Value, json};

/// Runs a demo script; returns each entry as `type status title`, the entries, and the answer's
/// message.
async fn run_script(script: &str) -> (Vec<String>, Vec<Value>, Value) {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    ada.says(&conversation, script).await;
    let read = ada.awaits_the_end(&conversation).await;
    let entries = ada.entries(&conversation).await;
    let word = |entry: &Value, field: &str| entry[field].as_str().unwrap().to_owned();
    let lines = entries.iter().map(|entry| {
        format!(
            "{} {} {}",
            word(entry, "logType"),
            word(entry, "status"),
            word(entry, "title")
        )
    });
    (
        lines.collect(),
        entries.clone(),
        read["messages"].as_array().unwrap().last().unwrap().clone(),
    )
}

fn assert_metadata(entry: &Value, facts: Value) {
    for (name, value) in facts.as_object().unwrap() {
        assert_eq!(&entry["metadata"][name], value, "{name} of {entry}");
    }
}

#[tokio::test]
async fn a_text_answer_is_one_updated_entry() {
    let (lines, entries, message) = run_script("Hello").await;
    assert_eq!(lines, ["ai_response success Demo answered"]);
    assert_metadata(
        &entries[0],
        json!({
            "provider": "demo", "model": "demo", "attempt": "1 of 2", "tokensEstimated": true,
            "timeToFirstTokenMs": 0
        }),
    );
    assert!(
        entries[0]["metadata"]["inputTokens"].as_i64() > Some(0)
            && entries[0]["metadata"]["outputTokens"].as_i64() > Some(0)
    );
    assert_eq!(
        (&entries[0]["durationMs"], &message["status"]),
        (&json!(0), &json!("done"))
    );
}

#[tokio::test]
async fn the_entry_of_a_running_model_call_is_working() {
    let (_tell, model) = ToldModel::pair();
    let app = TestApp::with_models(vec![model]).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    let mut stream = ada.streams("").await;
    ada.says(&conversation, "Hello").await;
    let entry = stream.next_named("entry").await.data["entry"].clone();
    assert_eq!(
        (&entry["logType"], &entry["status"], &entry["title"]),
        (
            &json!("ai_response"),
            &json!("working"),
            &json!("Scripted scripted is thinking")
        )
    );
    assert_metadata(&entry, json!({"model": "scripted", "messages": 2}));
}

#[tokio::test]
async fn a_tool_call_has_its_own_entry_below_the_model_call() {
    let (lines, entries, message) = run_script("Paint a lighthouse at dusk").await;
    assert_eq!(
        lines,
        [
            "ai_response success Demo planned the answer",
            "tool_call success Image: a lighthouse at dusk",
            "ai_response success Demo answered"
        ]
        .map(|line| line.replace("a lighthouse", "lighthouse"))
    );
    assert_eq!(entries[1]["parentId"], entries[0]["id"]);
    assert_metadata(
        &entries[1],
        json!({"tool": "generate_image", "toolCallId": "demo-generate_image", "progress": null}),
    );
    assert_metadata(&entries[2], json!({"toolsUsed": ["generate_image"]}));
    assert_eq!(
        entries[1]["metadata"]["files"][0]["mediaType"],
        "image/svg+xml"
    );
    assert!(
        message["content"]
            .as_str()
            .unwrap()
            .starts_with("Here you are: a sample picture for")
    );
}

#[tokio::test]
async fn two_tools_run_concurrently() {
    let (mut lines, entries, message) = run_script("A picture and a song").await;
    lines[1..3].sort();
    assert!(
        lines[1].starts_with("tool_call success Image: ")
            && lines[2].starts_with("tool_call success Music: "),
        "{lines:?}"
    );
    assert_metadata(
        &entries[3],
        json!({"toolsUsed": ["generate_image", "generate_music"]}),
    );
    assert!(
        message["content"]
            .as_str()
            .unwrap()
            .starts_with("Here you are: a sample picture for")
    );
}

#[tokio::test]
async fn a_failed_tool_does_not_end_the_answer() {
    let (lines, entries, message) = run_script("Let a tool fail").await;
    assert!(lines[1].starts_with("tool_call error Image: "), "{lines:?}");
    assert!(entries[1]["metadata"]["error"].is_string() && entries[1]["details"].is_string());
    assert_eq!(
        (lines[2].as_str(), &message["status"]),
        ("ai_response success Demo answered", &json!("done"))
    );
}

#[tokio::test]
async fn a_fallback_logs_the_failure_and_the_next_model() {
    let (lines, entries, message) = run_script("Show me a fallback").await;
    assert_eq!(
        lines,
        [
            "ai_response error Demo is over its limit (429)",
            "info warning Demo is over its limit (429). Trying Demo backup.",
            "ai_response success Demo backup answered"
        ]
    );
    assert_metadata(
        &entries[0],
        json!({"errorClass": "rate_limit", "retryAfter": "38 s", "attempt": "1 of 2"}),
    );
    assert_metadata(
        &entries[1],
        json!({"from": "Demo", "to": "Demo backup", "errorClass": "rate_limit", "fallback": true}),
    );
    assert_metadata(
        &entries[2],
        json!({"fallback": true, "attempt": "2 of 2", "model": "demo-backup"}),
    );
    assert_eq!(
        (&message["status"], &message["facts"]["modelName"]),
        (&json!("done"), &json!("Demo backup"))
    );
}

#[tokio::test]
async fn when_every_model_fails_each_attempt_is_logged() {
    let (lines, entries, message) = run_script("Let everything fail").await;
    assert_eq!(
        lines,
        [
            "ai_response error Demo is over its limit (429)",
            "info warning Demo is over its limit (429). Trying Demo backup.",
            "ai_response error Demo backup failed (503)",
            "error error No model could answer",
        ]
    );
    let attempts = entries[3]["metadata"]["attempts"].as_array().unwrap();
    let classes: Vec<_> = attempts
        .iter()
        .map(|attempt| &attempt["errorClass"])
        .collect();
    assert_eq!(classes, ["rate_limit", "server"]);
    let sentence = "I could not get an answer: Demo is over its limit (429), Demo backup failed (503). \
                    Nothing you wrote is lost; please try again.";
    assert_eq!(
        (&message["status"], &message["content"]),
        (&json!("failed"), &json!(sentence))
    );
}

#[tokio::test]
async fn every_entry_of_a_turn_has_its_id_and_is_settled() {
    for script in [
        "Hello",
        "Paint a tree",
        "Let a tool fail",
        "Show me a fallback",
        "Let everything fail",
        "Tell me something long",
        "Think aloud",
    ] {
        let (lines, entries, message) = run_script(script).await;
        for (line, entry) in lines.iter().zip(&entries) {
            assert_eq!(entry["turnId"], message["turnId"], "{script}: {line}");
            assert!(!line.contains(" working "), "{script}: {line}");
        }
    }
}
