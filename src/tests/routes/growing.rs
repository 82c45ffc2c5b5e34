//! An answer that is being written, on the stream and in polls.

use crate::{
    domain::{Scope, Scopes},
    server::assistant::model::ModelEvent,
    tests::support::{Answer, Person, TestApp, ToldModel, within},
};
use serde_json::{Value, json};

fn text(text: &str) -> ModelEvent {
    ModelEvent::Text(text.to_owned())
}

fn end() -> ModelEvent {
    ModelEvent::End {
        usage: None,
        cut_short: false,
    }
}

/// The answers in progress of a poll, once there is text.
async fn growing(who: &Person, query: &str) -> Value {
    let found = async {
        loop {
            let page = who.lists(query).await;
            if page["growing"] != json!([]) {
                return page["growing"].clone();
            }
            tokio::task::yield_now().await;
        }
    };
    within("an answer to grow", found).await
}

#[tokio::test]
async fn a_stream_gets_blocks_and_text_and_the_row_only_twice() {
    let (events, model) = ToldModel::pair();
    let app = TestApp::with_models(vec![model]).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    let mut early = ada.streams(&format!("conversationId={conversation}")).await;
    ada.says(&conversation, "Hello").await;
    events.send(Ok(text("# Onë\ntwo "))).unwrap();
    let block = early.next_named("block").await.data;
    let id = &block["messageId"];
    let expected = json!({"messageId": id, "index": 0, "html": "<h1>Onë</h1>\n", "upTo": 7});
    assert_eq!(block, expected);
    let delta = early.next_named("delta").await.data;
    assert_eq!(delta, json!({"messageId": id, "offset": 7, "text": "two "}));
    let mut late = ada.streams(&format!("conversationId={conversation}")).await;
    assert_eq!(late.next_named("block").await.data, block);
    assert_eq!(late.next_named("delta").await.data, delta);
    for event in [text("thr"), text("ee\n\nfour"), end()] {
        events.send(Ok(event)).unwrap();
    }
    let mut rows = Vec::new();
    let is_end = |message: &Value| message["status"] == "done" && message["role"] == "assistant";
    while !rows.last().is_some_and(is_end) {
        rows.push(early.next_named("message").await.data["message"].clone());
    }
    assert_eq!(rows.len(), 1, "no row between its beginning and its end");
    assert_eq!(
        (&rows[0]["content"], &rows[0]["html"]),
        (
            &json!("# Onë\ntwo three\n\nfour"),
            &json!("<h1>Onë</h1>\n<p>two three</p>\n<p>four</p>\n")
        )
    );
}

#[tokio::test]
async fn polls_show_an_answer_that_is_being_written() {
    let (events, model) = ToldModel::pair();
    let app = TestApp::with_models(vec![model]).await;
    let ada = app.person("ada@example.org").await;
    let bob = app.person("bob@example.org").await;
    let (conversation, other) = (ada.begins().await, ada.begins().await);
    let before = ada.cursor().await;
    ada.says(&conversation, "Hello").await;
    events.send(Ok(text("one\n\ntwo "))).unwrap();
    let query = format!("after={before}&conversationId={conversation}");
    let found = growing(&ada, &query).await;
    let id = &found[0]["block"]["messageId"];
    assert_eq!(
        found,
        json!([
            {"block": {"messageId": id, "index": 0, "html": "<p>one</p>\n", "upTo": 5}},
            {"delta": {"messageId": id, "offset": 5, "text": "two "}},
        ])
    );
    let after = ada.cursor().await;
    assert_eq!(growing(&ada, &format!("after={after}")).await, found);
    let elsewhere = format!("after={after}&conversationId={other}");
    assert_eq!(ada.lists(&elsewhere).await["growing"], json!([]));
    let at = bob.cursor().await;
    assert_eq!(
        bob.lists(&format!("after={at}")).await["growing"],
        json!([])
    );
    let log_reader = app.key_with(&ada, Scopes::of(&[Scope::LogRead])).await;
    assert_eq!(
        log_reader.lists(&format!("after={after}")).await["growing"],
        json!([])
    );
    let address = format!("/api/work-log/list?after={after}&wait=60");
    let waiting = tokio::spawn(Answer::to(ada.request(reqwest::Method::GET, &address)));
    within("the poll to wait", async {
        while app.app.store.wakeups().subscriber_count() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    events.send(Ok(text("three "))).unwrap();
    let page = waiting.await.unwrap().expect(200);
    assert_eq!(page["growing"][1]["delta"]["text"], "two three ");
    let whole = async {
        loop {
            let page = ada.lists(&query).await;
            let of_answer = |message: &&Value| message["role"] == "assistant";
            let messages = page["messages"].as_array().unwrap();
            let message = messages.iter().find(of_answer).unwrap();
            if message["content"] == "one\n\ntwo three " {
                return message.clone();
            }
            tokio::task::yield_now().await;
        }
    };
    let message = within("the row to have the text so far", whole).await;
    assert_eq!(
        (&message["status"], &message["html"], &message["htmlBytes"]),
        (&json!("streaming"), &json!("<p>one</p>\n"), &json!(5))
    );
    events.send(Ok(end())).unwrap();
    let read = ada.awaits_the_end(&conversation).await;
    assert_eq!(read["messages"][1]["content"], "one\n\ntwo three ");
    let end = ada.lists(&query).await;
    assert_eq!(end["growing"], json!([]));
}

#[tokio::test]
async fn an_export_has_the_text_of_an_answer_so_far() {
    let (events, model) = ToldModel::pair();
    let app = TestApp::with_models(vec![model]).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    ada.says(&conversation, "Hello").await;
    events.send(Ok(text("Once upon a time "))).unwrap();
    let exported = async {
        loop {
            let path = format!(
                "/api/work-log/export?format=jsonl&messages=true&conversationId={conversation}"
            );
            let answer = ada.gets(&path).await;
            if answer.text().contains("Once upon a time") {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    within("the export to have it", exported).await;
}
