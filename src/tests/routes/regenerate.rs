//! Regenerating an answer, editing the last message, choosing a model.

use crate::{
    server::assistant::model::{Model, ModelEvent},
    tests::support::{Person, ScriptedModel, TestApp},
};
use serde_json::{Value, json};

fn model(name: &str) -> std::sync::Arc<dyn Model> {
    let events = [
        ModelEvent::Text(format!("{name} speaking.")),
        ModelEvent::End {
            usage: None,
            cut_short: false,
        },
    ];
    ScriptedModel::that_says(name, events.map(|event| Some(Ok(event))).into())
}

async fn app() -> (TestApp, Person, String) {
    let app = TestApp::with_models(vec![model("one"), model("two")]).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    (app, ada, conversation)
}

/// `role status content` of each message, oldest first, once the turn has ended.
async fn finished_messages(ada: &Person, conversation: &str) -> Vec<String> {
    let read = ada.awaits_the_end(conversation).await;
    let word = |message: &Value, name: &str| message[name].as_str().unwrap().to_owned();
    let line = |message: &Value| {
        format!(
            "{} {} {}",
            word(message, "role"),
            word(message, "status"),
            word(message, "content")
        )
    };
    read["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(line)
        .collect()
}

#[tokio::test]
async fn a_regenerated_answer_supersedes_the_first_and_leaves_the_prompt() {
    let (_app, ada, conversation) = app().await;
    ada.says(&conversation, "Hello").await;
    finished_messages(&ada, &conversation).await;
    let mut stream = ada.streams("").await;
    ada.posts(
        &format!("/api/conversations/{conversation}/regenerate"),
        json!({}),
    )
    .await
    .expect(202);
    assert_eq!(
        finished_messages(&ada, &conversation).await,
        [
            "user done Hello",
            "assistant superseded one speaking.",
            "assistant done one speaking."
        ]
    );
    let events = stream
        .rows_until(|event| event.data["message"]["status"] == "done")
        .await;
    assert!(
        events
            .iter()
            .any(|event| event.data["message"]["status"] == "superseded"),
        "readers see the change at once"
    );
    let entries = ada.entries(&conversation).await;
    assert_eq!(
        entries.last().unwrap()["metadata"]["messages"],
        2,
        "the system prompt and the question"
    );
}

#[tokio::test]
async fn only_the_last_message_can_be_edited() {
    let (_app, ada, conversation) = app().await;
    let messages = format!("/api/conversations/{conversation}/messages");
    for question in ["First", "Secnd"] {
        ada.says(&conversation, question).await;
        finished_messages(&ada, &conversation).await;
    }
    let read = ada.reads(&conversation).await;
    let id = |at: usize| read["messages"][at]["id"].clone();
    ada.posts(&messages, json!({ "content": "Other", "replaces": id(0) }))
        .await
        .expect(409);
    ada.posts(&messages, json!({ "content": "Other", "replaces": "x" }))
        .await
        .expect(422);
    ada.posts(&messages, json!({ "content": "Second", "replaces": id(2) }))
        .await
        .expect(202);
    assert_eq!(
        finished_messages(&ada, &conversation).await,
        [
            "user done First",
            "assistant done one speaking.",
            "user superseded Secnd",
            "assistant superseded one speaking.",
            "user done Second",
            "assistant done one speaking."
        ]
    );
}

#[tokio::test]
async fn a_conversation_keeps_its_chosen_model() {
    let (_app, ada, conversation) = app().await;
    let messages = format!("/api/conversations/{conversation}/messages");
    let refused = ada
        .posts(
            &messages,
            json!({ "content": "Hello", "model": "test:three" }),
        )
        .await
        .expect(422);
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("test:one, test:two"),
        "{refused}"
    );
    ada.posts(
        &messages,
        json!({ "content": "Hello", "model": "test:two" }),
    )
    .await
    .expect(202);
    finished_messages(&ada, &conversation).await;
    ada.says(&conversation, "Again").await;
    finished_messages(&ada, &conversation).await;
    ada.posts(&messages, json!({ "content": "Back", "model": "" }))
        .await
        .expect(202);
    let answers: Vec<String> = finished_messages(&ada, &conversation)
        .await
        .into_iter()
        .filter(|line| line.starts_with("assistant"))
        .collect();
    assert_eq!(
        answers,
        [
            "assistant done two speaking.",
            "assistant done two speaking.",
            "assistant done one speaking."
        ]
    );
}

#[tokio::test]
async fn an_empty_conversation_cannot_be_regenerated() {
    let (_app, ada, conversation) = app().await;
    ada.posts(
        &format!("/api/conversations/{conversation}/regenerate"),
        json!({}),
    )
    .await
    .expect(409);
}
