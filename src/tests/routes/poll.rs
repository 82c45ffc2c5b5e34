//! `GET /api/work-log/list?after=`: polling, the fallback for the stream.

use crate::tests::support::{Answer, Event, Person, TestApp, address_of, within};
use serde_json::{Value, json};

/// The rows of a poll, ordered by revision, as `(event, row)`.
fn rows(page: &Value) -> Vec<(String, Value)> {
    let mut rows: Vec<(String, Value)> = Vec::new();
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
                .map(|row| (event.to_owned(), row.clone())),
        );
    }
    rows.sort_by_key(|(_, row)| row["rev"].as_i64());
    rows
}

fn streamed(events: Vec<Event>) -> Vec<(String, Value)> {
    events
        .into_iter()
        .map(|event| (event.event.clone(), event.data[&event.event].clone()))
        .collect()
}

/// Creates rows of every kind inside and outside a conversation; returns the conversation.
async fn create_rows(who: &Person) -> String {
    let conversation = who.begins().await;
    who.says(&conversation, "Show me a fallback").await;
    who.awaits_the_end(&conversation).await;
    let deleted = who.notes("soon gone").await;
    who.deletes(&address_of(&deleted)).await.expect(200);
    who.creates(json!({
        "logType": "info", "status": "info", "title": "in it", "conversationId": conversation
    }))
    .await;
    who.notes("outside of it").await;
    conversation
}

#[tokio::test]
async fn a_poll_returns_the_same_rows_as_the_stream() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let cursor = ada.cursor().await;
    let conversation = create_rows(&ada).await;
    let end = ada.cursor().await;
    for filter in [String::new(), format!("&conversationId={conversation}")] {
        let page = ada.lists(&format!("after={cursor}{filter}")).await;
        assert_eq!(
            (&page["cursor"], &page["more"], &page["next"]),
            (&json!(end), &json!(false), &Value::Null)
        );
        let count = rows(&page).len();
        let mut stream = ada.streams(&format!("after={cursor}{filter}")).await;
        let mut events = Vec::new();
        while events.len() < count {
            events
                .extend(Some(stream.next_event().await).filter(|event| event.event != "heartbeat"));
        }
        assert_eq!(streamed(events), rows(&page), "{filter}");
    }
}

#[tokio::test]
async fn a_long_poll_returns_as_soon_as_something_is_committed() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let cursor = ada.cursor().await;
    let address = format!("/api/work-log/list?after={cursor}&wait=60");
    let waiting = tokio::spawn(Answer::to(ada.request(reqwest::Method::GET, &address)));
    within("the poll to wait", async {
        while app.app.store.wakeups().subscriber_count() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let note = ada.notes("at last").await;
    let page = waiting.await.unwrap().expect(200);
    assert_eq!(
        (page["logs"].as_array().unwrap().len(), &page["logs"][0]),
        (1, &note)
    );
}

#[tokio::test]
async fn a_long_poll_skips_rows_that_do_not_match() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let cursor = ada.cursor().await;
    let address = format!("/api/work-log/list?after={cursor}&wait=60&status=error");
    let waiting = tokio::spawn(Answer::to(ada.request(reqwest::Method::GET, &address)));
    ada.notes("not an error").await;
    ada.creates(json!({"logType": "error", "status": "error", "title": "Disk full"}))
        .await;
    let page = waiting.await.unwrap().expect(200);
    assert_eq!(
        (
            page["logs"].as_array().unwrap().len(),
            &page["logs"][0]["title"]
        ),
        (1, &json!("Disk full"))
    );
}

#[tokio::test]
async fn a_poll_without_changes_returns_the_current_cursor() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    ada.notes("one").await;
    let cursor = ada.cursor().await;
    let page = ada.lists(&format!("after={cursor}")).await;
    assert_eq!(
        (&page["cursor"], &page["count"], rows(&page).len()),
        (&json!(cursor), &json!(0), 0)
    );
}

#[tokio::test]
async fn many_changes_are_paged() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let mut cursor = ada.cursor().await;
    for number in 0..300 {
        ada.notes(&format!("note {number}")).await;
    }
    let mut seen = Vec::new();
    loop {
        let page = ada.lists(&format!("after={cursor}")).await;
        seen.extend(
            page["logs"]
                .as_array()
                .unwrap()
                .iter()
                .map(|log| log["rev"].as_i64().unwrap()),
        );
        cursor = page["cursor"].as_str().unwrap().to_owned();
        if page["more"] == false {
            break;
        }
    }
    assert_eq!(seen, (1..=300).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_invalid_cursor_is_410_with_the_reason() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let (epoch, _) = ada
        .cursor()
        .await
        .split_once('.')
        .map(|(epoch, rev)| (epoch.to_owned(), rev.to_owned()))
        .unwrap();
    for (cursor, reason) in [
        ("00c0ffee00c0ffee.0".to_owned(), "foreign_epoch"),
        (format!("{epoch}.1"), "future"),
    ] {
        let problem = ada
            .gets(&format!("/api/work-log/list?after={cursor}&wait=60"))
            .await
            .expect(410);
        assert_eq!(
            (&problem["reset"], &problem["status"]),
            (&json!(reason), &json!(410))
        );
    }
}
