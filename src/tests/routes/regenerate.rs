//! Another answer, other words, another model.

use crate::{
    server::assistant::model::{Model, ModelEvent},
    tests::support::{Person, ScriptedModel, TestApp},
};
use serde_json::{Value, json};

fn model(name: &str) -> std::sync::Arc<dyn Model> {
    let says = [
        ModelEvent::Text(format!("{name} speaking.")),
        ModelEvent::End {
            usage: None,
            cut_short: false,
        },
    ];
    ScriptedModel::that_says(name, says.map(|event| Some(Ok(event))).into())
}

async fn app() -> (TestApp, Person, String) {
    let app = TestApp::with_models(vec![model("one"), model("two")]).await;
    let ada = app.person("ada@example.org").await;
    let here = ada.begins().await;
    (app, ada, here)
}

/// `role status content` of each message, oldest first.
async fn said(ada: &Person, here: &str) -> Vec<String> {
    let read = ada.awaits_the_end(here).await;
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
async fn another_answer_stands_beside_the_first_which_no_model_hears_of() {
    let (_app, ada, here) = app().await;
    ada.says(&here, "Hello").await;
    said(&ada, &here).await;
    let mut stream = ada.streams("").await;
    ada.posts(&format!("/api/conversations/{here}/regenerate"), json!({}))
        .await
        .expect(202);
    assert_eq!(
        said(&ada, &here).await,
        [
            "user done Hello",
            "assistant superseded one speaking.",
            "assistant done one speaking."
        ]
    );
    let told = stream
        .rows_until(|event| event.data["message"]["status"] == "done")
        .await;
    assert!(
        told.iter()
            .any(|event| event.data["message"]["status"] == "superseded"),
        "readers see it at once"
    );
    let entries = ada.entries(&here).await;
    assert_eq!(
        entries.last().unwrap()["metadata"]["messages"],
        2,
        "how to behave, and the question"
    );
}

#[tokio::test]
async fn the_last_message_can_be_written_anew_and_no_other() {
    let (_app, ada, here) = app().await;
    let messages = format!("/api/conversations/{here}/messages");
    for question in ["First", "Secnd"] {
        ada.says(&here, question).await;
        said(&ada, &here).await;
    }
    let read = ada.reads(&here).await;
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
        said(&ada, &here).await,
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
async fn a_conversation_keeps_the_model_that_was_chosen_for_it() {
    let (_app, ada, here) = app().await;
    let messages = format!("/api/conversations/{here}/messages");
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
    said(&ada, &here).await;
    ada.says(&here, "Again").await;
    said(&ada, &here).await;
    ada.posts(&messages, json!({ "content": "Back", "model": "" }))
        .await
        .expect(202);
    let answers: Vec<String> = said(&ada, &here)
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
async fn nothing_is_answered_again_where_nothing_was_asked() {
    let (_app, ada, here) = app().await;
    ada.posts(&format!("/api/conversations/{here}/regenerate"), json!({}))
        .await
        .expect(409);
}
