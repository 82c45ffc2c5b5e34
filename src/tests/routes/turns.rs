//! Messages, the turns that answer them, stopping and retrying.

use crate::{
    server::assistant::model::{ModelEvent, Usage},
    tests::support::{self, Event, TestApp, ToldModel},
};
use serde_json::{Value, json};

fn text(text: &str) -> ModelEvent {
    ModelEvent::Text(text.to_owned())
}

fn end(usage: Option<Usage>) -> ModelEvent {
    ModelEvent::End {
        usage,
        cut_short: false,
    }
}

/// The newest state of each row of a kind, ordered by id.
fn newest(rows: &[Event], kind: &str) -> Vec<Value> {
    let mut found = std::collections::BTreeMap::new();
    for row in rows.iter().filter(|row| row.event == kind) {
        found.insert(row.data[kind]["id"].to_string(), row.data[kind].clone());
    }
    found.into_values().collect()
}

#[tokio::test]
async fn a_message_is_answered_and_the_stream_shows_what_a_reload_shows() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    let mut stream = ada.streams(&format!("conversationId={conversation}")).await;
    let sent = ada.says(&conversation, "  Hello *you*  ").await;
    assert_eq!(
        (&sent["message"]["content"], &sent["message"]["role"]),
        (&json!("Hello *you*"), &json!("user"))
    );
    assert_eq!(sent["message"]["turnId"], sent["turnId"]);
    // the turn may end before the stream reads: a row that changed twice is then sent once
    let ends_turn = |event: &Event| {
        event.event == "conversation" && event.data["conversation"]["runningTurnId"].is_null()
    };
    let rows = stream.rows_until(ends_turn).await;
    let read = ada.reads(&conversation).await;
    assert_eq!(Value::from(newest(&rows, "message")), read["messages"]);
    assert_eq!(newest(&rows, "entry"), ada.entries(&conversation).await);
    assert_eq!(
        (&read["title"], &read["runningTurnId"]),
        (&json!("Hello you"), &Value::Null)
    );
    let answer = &read["messages"][1];
    assert_eq!(
        (&answer["role"], &answer["status"], &answer["turnId"]),
        (&json!("assistant"), &json!("done"), &sent["turnId"])
    );
    assert!(answer["html"].as_str().unwrap().contains("Hello *you*"));
    assert_eq!(answer["facts"]["provider"], "demo");
}

#[tokio::test]
async fn a_turn_continues_without_readers_and_blocks_a_second_one() {
    let (events, model) = ToldModel::pair();
    let app = TestApp::with_models(vec![model]).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    ada.says(&conversation, "Hello").await;
    let again = ada
        .posts(
            &format!("/api/conversations/{conversation}/messages"),
            json!({"content": "And?"}),
        )
        .await;
    assert_eq!(again.expect(409)["status"], 409);
    for event in [
        text("Good "),
        text("day."),
        end(Some(Usage {
            input_tokens: 3,
            output_tokens: 2,
            estimated: false,
        })),
    ] {
        events.send(Ok(event)).unwrap();
    }
    let read = ada.awaits_the_end(&conversation).await;
    assert_eq!(read["messages"][1]["content"], "Good day.");
    let entry = &ada.entries(&conversation).await[0];
    assert_eq!(
        (
            &entry["metadata"]["inputTokens"],
            &entry["metadata"]["tokensEstimated"]
        ),
        (&json!(3), &Value::Null)
    );
}

#[tokio::test]
async fn text_is_streamed_and_a_late_reader_gets_it_from_the_start() {
    let (events, model) = ToldModel::pair();
    let app = TestApp::with_models(vec![model]).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    let mut early = ada.streams("").await;
    ada.says(&conversation, "Hello").await;
    events.send(Ok(text("Grüße, "))).unwrap();
    let first = early.next_named("delta").await;
    let message = first.data["messageId"].clone();
    assert_eq!(
        (first.id, first.data),
        (
            None,
            json!({"messageId": message, "offset": 0, "text": "Grüße, "})
        )
    );
    events.send(Ok(text("Ada "))).unwrap();
    let second = early.next_named("delta").await;
    assert_eq!(
        (second.id, &second.data["offset"], &second.data["text"]),
        (None, &json!("Grüße, ".len()), &json!("Ada "))
    );
    let cursor = ada.cursor().await;
    assert_eq!(early.parser.last_id.as_ref(), Some(&cursor));
    let mut late = ada.streams(&format!("after={cursor}")).await;
    assert_eq!(
        late.next_named("delta").await.data,
        json!({"messageId": message, "offset": 0, "text": "Grüße, Ada "})
    );
    let other = ada.begins().await;
    let mut elsewhere = ada.streams(&format!("conversationId={other}")).await;
    events.send(Ok(end(None))).unwrap();
    let rows = late
        .rows_until(|event| event.data["message"]["status"] == "done")
        .await;
    assert_eq!(
        rows.last().unwrap().data["message"]["content"],
        "Grüße, Ada "
    );
    ada.creates(
        json!({"logType": "info", "status": "info", "title": "end", "conversationId": other}),
    )
    .await;
    assert_eq!(elsewhere.next_event().await.event, "heartbeat");
    assert_eq!(elsewhere.next_event().await.data["entry"]["title"], "end");
}

#[tokio::test]
async fn nul_in_an_answer_is_shown_alike_live_reloaded_and_exported() {
    let (events, model) = ToldModel::pair();
    let app = TestApp::with_models(vec![model]).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    let mut stream = ada.streams("").await;
    let sent = ada.says(&conversation, "Say\0it").await;
    assert_eq!(sent["message"]["content"], "Say␀it");
    let whole = "a␀b c\u{fffd}\u{fdd1} ";
    for piece in ["a\0b ", "c\u{fdd0}", "\u{fdd1} "] {
        events.send(Ok(text(piece))).unwrap();
    }
    let mut live = String::new();
    while live.len() < whole.len() {
        let delta = stream.next_named("delta").await.data;
        assert_eq!(delta["offset"], live.len());
        live.push_str(delta["text"].as_str().unwrap());
    }
    events.send(Ok(end(None))).unwrap();
    let read = ada.awaits_the_end(&conversation).await;
    assert_eq!(live, whole);
    assert_eq!(read["messages"][1]["content"], whole);
    assert_eq!(read["title"], "Say␀it");
    let exported = ada.gets("/api/work-log/export?messages=true").await.text();
    let lines = exported
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let contents = lines.map(|line: Value| line["message"]["content"].clone());
    let contents: Vec<_> = contents.filter(Value::is_string).collect();
    assert_eq!(contents, ["Say␀it", whole]);
}

#[tokio::test]
async fn stopping_keeps_the_text_so_far() {
    let (events, model) = ToldModel::pair();
    let app = TestApp::with_models(vec![model]).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    let mut stream = ada.streams("").await;
    let sent = ada.says(&conversation, "Hello").await;
    events.send(Ok(text("Half an ans"))).unwrap();
    stream.next_named("delta").await;
    app.app.clock.advance(250);
    let stop = format!("/api/conversations/{conversation}/stop");
    assert_eq!(
        ada.posts(&stop, json!({})).await.expect(200)["turnId"],
        sent["turnId"]
    );
    let read = ada.awaits_the_end(&conversation).await;
    assert_eq!(
        (
            &read["messages"][1]["content"],
            &read["messages"][1]["status"]
        ),
        (&json!("Half an "), &json!("stopped"))
    );
    let entries = ada.entries(&conversation).await;
    assert_eq!(
        (
            entries.len(),
            &entries[0]["status"],
            &entries[0]["metadata"]["stopped"]
        ),
        (1, &json!("warning"), &json!(true))
    );
    assert_eq!(entries[0]["durationMs"], 250);
    assert_eq!(
        ada.posts(&stop, json!({})).await.expect(200)["turnId"],
        Value::Null
    );
}

#[tokio::test]
async fn a_failed_answer_can_be_retried() {
    let app = TestApp::start().await;
    let ada = app.browser("ada@example.org").await;
    let conversation = ada.begins().await;
    ada.says(&conversation, "Let everything fail").await;
    let read = ada.awaits_the_end(&conversation).await;
    assert_eq!(
        (
            &read["messages"][1]["status"],
            read["messages"].as_array().unwrap().len()
        ),
        (&json!("failed"), 2)
    );
    let from = format!("/c/{conversation}");
    let answer = ada
        .submits(
            "/fn/turns/retry",
            &from,
            &[("conversation_id", &conversation)],
        )
        .await;
    assert_eq!(answer.status, 302, "{}", answer.text());
    let read = ada.awaits_the_end(&conversation).await;
    let messages = read["messages"].as_array().unwrap();
    assert_eq!(
        messages
            .iter()
            .map(|message| &message["role"])
            .collect::<Vec<_>>(),
        ["user", "assistant", "assistant"]
    );
    assert_eq!(ada.entries(&conversation).await.len(), 8);
}

#[tokio::test]
async fn a_conversation_deleted_while_it_is_answered_stays_deleted() {
    let (events, model) = ToldModel::pair();
    let app = TestApp::with_models(vec![model]).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    let mut stream = ada.streams("").await;
    ada.says(&conversation, "Hello").await;
    events.send(Ok(text("Half "))).unwrap();
    stream.next_named("delta").await;
    ada.deletes(&format!("/api/conversations/{conversation}"))
        .await
        .expect(200);
    app.app.tasks.close();
    support::within("the turn to end", app.app.tasks.wait()).await;
    assert_eq!(
        ada.gets(&format!("/api/conversations/{conversation}"))
            .await
            .status,
        404
    );
    assert_eq!(
        (
            &ada.lists("").await["count"],
            app.app
                .assistant
                .stop(ada.id, conversation.parse().unwrap())
                .await
                .is_err()
        ),
        (&json!(0), true)
    );
}

#[tokio::test]
async fn messages_are_bounded() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let messages = format!("/api/conversations/{}/messages", ada.begins().await);
    for content in [
        json!(""),
        json!(" \n "),
        json!("x".repeat(32 * 1024 + 1)),
        json!(7),
        Value::Null,
    ] {
        assert_eq!(
            ada.posts(&messages, json!({ "content": content }))
                .await
                .refused_fields(),
            ["content"]
        );
    }
    ada.posts(&messages, json!({ "content": "x".repeat(32 * 1024) }))
        .await
        .expect(202);
}
