//! `GET /api/work-log/stream`: order, resuming, and moving the cursor. How streams end is in
//! `stream_ends`.

use crate::{
    server::feed::Timing,
    tests::support::{Event, Sse, TestApp, within},
};
use reqwest::Method;
use serde_json::json;
use std::{sync::atomic::Ordering, time::Duration};

/// A server with frequent heartbeats.
async fn with_fast_heartbeat() -> TestApp {
    let timing = Timing {
        heartbeat: Duration::from_millis(20),
        ..Timing::default()
    };
    TestApp::with(|_| {}, |app| app.timing = timing).await
}

fn assert_chained(from: &str, rows: &[Event]) {
    let mut at = from.to_owned();
    for row in rows {
        assert_eq!(row.data["prev"], json!(at));
        at = row.id.clone().unwrap();
    }
}

#[tokio::test]
async fn frames_are_ordered_and_name_their_predecessor() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let mut stream = ada.streams("").await;
    let opening = stream.next_event().await;
    assert_eq!(
        (opening.event.as_str(), opening.data, stream.parser.retry_ms),
        ("heartbeat", json!({}), Some(1_000))
    );
    let beginning = opening.id.unwrap();
    assert_eq!(beginning, ada.cursor().await);
    let first = ada.notes("one").await;
    ada.patches(&first, json!({"title": "one, changed"})).await;
    ada.begins().await;
    let rows = stream
        .rows_until(|event| event.event == "conversation")
        .await;
    assert_chained(&beginning, &rows);
    assert_eq!(
        rows.last().unwrap().id.as_deref(),
        Some(ada.cursor().await.as_str())
    );
    assert_eq!(rows[rows.len() - 2].data["entry"]["title"], "one, changed");
}

#[tokio::test]
async fn a_stream_without_a_cursor_starts_at_the_end() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    ada.notes("before").await;
    let mut stream = ada.streams("").await;
    stream.next_event().await;
    ada.notes("after").await;
    assert_eq!(stream.next_event().await.data["entry"]["title"], "after");
}

#[tokio::test]
async fn a_listener_that_reconnects_gets_what_it_missed() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let mut cursors = Vec::new();
    for number in 0..4 {
        cursors.push(ada.cursor().await);
        ada.notes(&format!("note {number}")).await;
    }
    let resumed = |after: &str, header: &str| {
        let request = ada.request(Method::GET, &format!("/api/work-log/stream?after={after}"));
        Sse::open(if header.is_empty() {
            request
        } else {
            request.header("last-event-id", header)
        })
    };
    for (after, header, first) in [
        (&cursors[1], "", 1),
        (&cursors[0], cursors[3].as_str(), 3),
        (&String::new(), cursors[2].as_str(), 2),
    ] {
        let mut stream = resumed(after, header).await;
        let opening = stream.next_event().await.id.unwrap();
        assert_eq!(opening, cursors[first]);
        let rows = stream
            .rows_until(|event| event.data["entry"]["title"] == "note 3")
            .await;
        assert_chained(&opening, &rows);
        assert_eq!(
            (rows.len(), &rows[0].data["entry"]["title"]),
            (4 - first, &json!(format!("note {first}")))
        );
    }
}

#[tokio::test]
async fn a_row_that_changed_five_times_is_sent_once() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let beginning = ada.cursor().await;
    let note = ada.notes("0").await;
    for number in 1..=5 {
        ada.patches(&note, json!({"title": number.to_string()}))
            .await;
    }
    ada.notes("end").await;
    let rows = ada
        .streams(&format!("after={beginning}"))
        .await
        .rows_until(|event| event.data["entry"]["title"] == "end")
        .await;
    assert_eq!(
        (rows.len(), &rows[0].data["entry"]["title"]),
        (2, &json!("5"))
    );
}

#[tokio::test]
async fn a_conversation_stream_keeps_its_chain_across_other_rows() {
    let app = with_fast_heartbeat().await;
    let ada = app.person("ada@example.org").await;
    let (conversation, other) = (ada.begins().await, ada.begins().await);
    let mut stream = ada.streams(&format!("conversationId={conversation}")).await;
    let mut at = stream.next_event().await.id.unwrap();
    for number in 0..5 {
        ada.creates(json!({
            "logType": "info", "status": "info", "title": "elsewhere", "conversationId": other
        }))
        .await;
        ada.notes("outside").await;
        ada.creates(json!({
            "logType": "info", "status": "info", "title": format!("here {number}"),
            "conversationId": conversation
        }))
        .await;
        loop {
            let event = stream.next_event().await;
            if event.event == "entry" {
                assert_eq!(
                    (&event.data["prev"], &event.data["entry"]["title"]),
                    (&json!(at), &json!(format!("here {number}")))
                );
            }
            at = event.id.unwrap();
            if event.event == "entry" {
                break;
            }
        }
    }
}

#[tokio::test]
async fn heartbeats_move_the_cursor_past_other_rows() {
    let app = with_fast_heartbeat().await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    let mut stream = ada.streams(&format!("conversationId={conversation}")).await;
    ada.notes("outside").await;
    let end = ada.cursor().await;
    within("a heartbeat at the end", async {
        loop {
            let event = stream.next_event().await;
            assert_eq!(event.event, "heartbeat");
            if event.id.as_deref() == Some(end.as_str()) {
                break;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_idle_stream_makes_no_query() {
    let app = with_fast_heartbeat().await;
    let ada = app.person("ada@example.org").await;
    let mut stream = ada.streams("").await;
    stream.next_event().await;
    stream.next_event().await;
    let used = || {
        let counters = app.app.store.counters();
        (
            counters.reads.load(Ordering::SeqCst),
            counters.commits.load(Ordering::SeqCst),
        )
    };
    let before = used();
    for _ in 0..10 {
        assert_eq!(stream.next_event().await.event, "heartbeat");
    }
    assert_eq!(used(), before);
}

#[tokio::test]
async fn a_thousand_missed_rows_arrive_complete() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let beginning = ada.cursor().await;
    for number in 0..600 {
        ada.notes(&format!("note {number}")).await;
    }
    let mut early = ada.streams("").await;
    early.next_event().await;
    let mut stream = ada.streams(&format!("after={beginning}")).await;
    for number in 600..1_000 {
        ada.notes(&format!("note {number}")).await;
    }
    for (stream, first) in [(&mut stream, 0), (&mut early, 600)] {
        let rows = stream
            .rows_until(|event| event.data["entry"]["title"] == "note 999")
            .await;
        let titles: Vec<_> = rows
            .iter()
            .map(|row| row.data["entry"]["title"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(
            titles,
            (first..1_000)
                .map(|number| format!("note {number}"))
                .collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn large_rows_arrive_complete() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let beginning = ada.cursor().await;
    for number in 0..40 {
        let details = "x".repeat(65_536);
        ada.creates(json!({
            "logType": "info", "status": "info", "title": format!("large {number}"),
            "details": details
        }))
        .await;
    }
    let mut stream = ada.streams(&format!("after={beginning}")).await;
    let rows = stream
        .rows_until(|event| event.data["entry"]["title"] == "large 39")
        .await;
    assert_eq!(rows.len(), 40);
    assert_chained(&beginning, &rows);
}
