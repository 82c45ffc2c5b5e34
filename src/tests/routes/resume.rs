//! A stream may break after any byte; a client that resumes from the last complete event misses
//! nothing and gets nothing twice.

use crate::tests::support::{Event, Parser, Person, TestApp, address_of, within};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Rows as a client holds them: the newest revision by id.
type ClientRows = HashMap<String, Value>;

/// Applies a row as a client does, and asserts that its revision only grows.
fn apply(rows: &mut ClientRows, event: &str, row: &Value) {
    let id = row["id"].as_str().unwrap().to_owned();
    if event == "removed" {
        rows.remove(&id);
        return;
    }
    let before = rows.insert(id, row.clone());
    assert!(
        before.is_none_or(|before| before["rev"].as_i64() < row["rev"].as_i64()),
        "a row came twice: {row}"
    );
}

fn apply_event(rows: &mut ClientRows, event: &Event) {
    if event.data.get("prev").is_some() {
        apply(rows, &event.event, &event.data[&event.event]);
    }
}

/// Creates rows of every kind, enough for about two hundred frames.
async fn create_rows(who: &Person) {
    let conversation = who.begins().await;
    for number in 0..90 {
        let entry = who
            .creates(json!({
                "logType": "tool_call", "status": "working",
                "title": format!("Ünïcode {number} 🔄\n\ndata: x")
            }))
            .await;
        match number % 3 {
            0 => drop(who.patches(&entry, json!({"status": "success"})).await),
            1 => drop(who.deletes(&address_of(&entry)).await.expect(200)),
            _ => {}
        }
    }
    who.says(&conversation, "Show me a fallback").await;
    who.awaits_the_end(&conversation).await;
    who.notes("the end").await;
}

/// Records the bytes of a live stream while the rows are created.
async fn recorded(who: &Person) -> Vec<u8> {
    let request = who.request(reqwest::Method::GET, "/api/work-log/stream");
    let mut response = within("the stream", request.send()).await.unwrap();
    let mut bytes = response.chunk().await.unwrap().unwrap().to_vec();
    create_rows(who).await;
    while !String::from_utf8_lossy(&bytes).contains("the end") {
        bytes.extend(within("frames", response.chunk()).await.unwrap().unwrap());
    }
    bytes
}

#[tokio::test]
async fn a_stream_cut_at_any_byte_resumes_without_gaps_or_repeats() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let bytes = recorded(&ada).await;
    let mut whole = ClientRows::new();
    let events = Parser::default().push(&bytes);
    events
        .iter()
        .for_each(|event| apply_event(&mut whole, event));
    assert!(
        events.iter().filter(|event| event.id.is_some()).count() >= 120,
        "{}",
        events.len()
    );
    let (mut rows, mut parser, mut checked) = (ClientRows::new(), Parser::default(), None);
    for byte in &bytes {
        // a client cut off here holds the events and the last id of these bytes
        let completed = parser.push(&[*byte]);
        completed
            .iter()
            .for_each(|event| apply_event(&mut rows, event));
        if completed.is_empty() && parser.last_id == checked {
            continue;
        }
        checked.clone_from(&parser.last_id);
        let mut resumed = rows.clone();
        let cursor = parser.last_id.clone().unwrap();
        rows_after(&ada, &cursor)
            .await
            .iter()
            .for_each(|(event, row)| apply(&mut resumed, event, row));
        assert_eq!(resumed, whole, "cut, then resumed from {cursor}");
    }
}

async fn rows_after(who: &Person, cursor: &str) -> Vec<(&'static str, Value)> {
    let page = who.lists(&format!("after={cursor}")).await;
    assert_eq!(page["more"], false);
    let mut rows = Vec::new();
    for (event, field) in [
        ("entry", "logs"),
        ("message", "messages"),
        ("conversation", "conversations"),
        ("removed", "removed"),
    ] {
        rows.extend(
            page[field]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| (event, row.clone())),
        );
    }
    rows.sort_by_key(|(_, row)| row["rev"].as_i64());
    rows
}
