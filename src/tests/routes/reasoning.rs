//! A model's reasoning: an entry of its own, settled whatever happens, and nothing else.

use crate::{
    server::assistant::model::{ErrorClass, ModelError, ModelEvent, OptionalPart, PromptMessage},
    tests::support::{RecordingModel, TestApp, ToldModel},
};
use serde_json::{Value, json};

type Script = Vec<Option<Result<ModelEvent, ModelError>>>;

const THOUGHT: &str = "The tide follows the moon.";

fn thinks(text: &str) -> Option<Result<ModelEvent, ModelError>> {
    Some(Ok(ModelEvent::Reasoning(text.to_owned())))
}

fn says(text: &str) -> Option<Result<ModelEvent, ModelError>> {
    Some(Ok(ModelEvent::Text(text.to_owned())))
}

fn ends(cut_short: bool) -> Option<Result<ModelEvent, ModelError>> {
    Some(Ok(ModelEvent::End {
        usage: None,
        cut_short,
    }))
}

fn fails() -> Option<Result<ModelEvent, ModelError>> {
    Some(Err(ModelError::plain(ErrorClass::BadRequest, "no")))
}

/// `status title` of each entry with reasoning.
fn thoughts(entries: &[Value]) -> Vec<String> {
    let thoughts = entries
        .iter()
        .filter(|entry| entry["metadata"]["reasoning"] == true);
    thoughts
        .map(|entry| {
            let word = |name: &str| entry[name].as_str().unwrap();
            format!("{} {}", word("status"), word("title"))
        })
        .collect()
}

#[tokio::test]
async fn reasoning_is_settled_in_every_outcome_and_stays_out_of_the_answer() {
    let thought = || thinks(THOUGHT);
    let answered: fn() -> Script = || vec![says("Twice"), says(" a day."), ends(false)];
    for (name, script, rows, requests) in [
        (
            "an answer",
            [vec![thought()], answered()].concat(),
            vec!["success Thought for 1 s"],
            1,
        ),
        (
            "white space between thoughts",
            [vec![thought(), says("\n\n"), thought()], answered()].concat(),
            vec!["success Thought for 1 s"],
            1,
        ),
        (
            "more thoughts after the first words",
            [vec![thought(), says("Well. "), thought()], answered()].concat(),
            vec!["success Thought for 1 s"; 2],
            1,
        ),
        (
            "words and thoughts in turn for ever",
            [
                std::iter::repeat_n([thought(), says("So. ")], 50)
                    .flatten()
                    .collect(),
                answered(),
            ]
            .concat(),
            vec!["success Thought for 1 s"; 8],
            1,
        ),
        (
            "no answer",
            vec![thought(), ends(false)],
            vec!["success Thought for 1 s"],
            1,
        ),
        (
            "no answer within the length limit",
            vec![thought(), says(" \n"), ends(true)],
            vec!["success Thought for 1 s"],
            1,
        ),
        (
            "a failure",
            vec![thought(), fails()],
            vec!["warning Thought for 1 s"],
            1,
        ),
        (
            "cut off",
            vec![thought()],
            vec!["warning Thought for 1 s"; 3],
            3,
        ),
        (
            "no thought",
            vec![thinks(" \n"), says("Hi."), ends(false)],
            vec![],
            1,
        ),
    ] {
        let model = RecordingModel::with(vec![script]);
        let app = TestApp::with_models(vec![model.clone()]).await;
        let ada = app.person("ada@example.org").await;
        let conversation = ada.begins().await;
        ada.says(&conversation, "Why?").await;
        let read = ada.awaits_the_end(&conversation).await;
        let entries = ada.entries(&conversation).await;
        assert_eq!(thoughts(&entries), rows, "{name}");
        assert_eq!(model.requests().len(), requests, "{name}");
        for entry in entries
            .iter()
            .filter(|entry| entry["metadata"]["reasoning"] == true)
        {
            assert_eq!(entry["parentId"], entries[0]["id"], "{name}");
            assert!(
                entry["details"].as_str().unwrap().starts_with(THOUGHT),
                "{name}: {entry}"
            );
        }
        assert!(
            !read["messages"].to_string().contains("tide"),
            "{name}: {read}"
        );
        ada.says(&conversation, "And then?").await;
        ada.awaits_the_end(&conversation).await;
        let told = format!("{:?}", model.requests().last().unwrap().messages);
        assert!(!told.contains("tide"), "{name}: {told}");
    }
}

#[tokio::test]
async fn a_reply_without_an_answer_is_said_once() {
    let model = RecordingModel::with(vec![vec![thinks(THOUGHT), ends(false)]]);
    let app = TestApp::with_models(vec![model.clone()]).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    ada.says(&conversation, "Why?").await;
    let read = ada.awaits_the_end(&conversation).await;
    let entries = ada.entries(&conversation).await;
    assert_eq!(model.requests().len(), 1);
    assert_eq!(
        entries[0]["title"],
        "Recording recording thought but gave no answer"
    );
    assert_eq!(
        (
            &entries[0]["metadata"]["errorClass"],
            &entries[0]["metadata"]["error"]
        ),
        (
            &json!("no_answer"),
            &json!("The model thought but gave no answer.")
        )
    );
    assert_eq!(
        read["messages"][1]["content"],
        "I could not get an answer: Recording thought but gave no answer. \
         Nothing you wrote is lost; please try again."
    );
}

#[tokio::test]
async fn a_stopped_thought_is_settled_and_keeps_its_text() {
    let (events, model) = ToldModel::pair();
    let app = TestApp::with_models(vec![model]).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    let mut stream = ada.streams("").await;
    ada.says(&conversation, "Why?").await;
    let text = "The tide follows the moon. ".repeat(40);
    events.send(Ok(ModelEvent::Reasoning(text))).unwrap();
    loop {
        let entry = stream.next_named("entry").await.data["entry"].clone();
        if entry["metadata"]["reasoning"] == true && entry["details"].is_string() {
            assert_eq!(
                (&entry["status"], &entry["title"]),
                (&json!("working"), &json!("Thinking"))
            );
            break;
        }
    }
    let stop = format!("/api/conversations/{conversation}/stop");
    ada.posts(&stop, json!({})).await.expect(200);
    ada.awaits_the_end(&conversation).await;
    let entries = ada.entries(&conversation).await;
    assert_eq!(thoughts(&entries), ["warning Thinking"]);
    assert_eq!(entries[1]["metadata"]["stopped"], true);
    assert!(entries[1]["details"].as_str().unwrap().starts_with(THOUGHT));
}

#[tokio::test]
async fn secrets_in_reasoning_are_masked_and_a_long_one_is_cut_with_a_note() {
    let key = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let mut script = vec![
        thinks("The key is "),
        thinks(&key[..20]),
        thinks(&key[20..]),
    ];
    script.extend(std::iter::repeat_n(thinks(&" more".repeat(1_000)), 40));
    script.extend([says("Done."), ends(false)]);
    let app = TestApp::with_models(vec![RecordingModel::with(vec![script])]).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    ada.says(&conversation, "Why?").await;
    ada.awaits_the_end(&conversation).await;
    let entries = ada.entries(&conversation).await;
    let details = entries[1]["details"].as_str().unwrap();
    assert!(
        details.starts_with("The key is [masked] more"),
        "{}",
        &details[..60]
    );
    assert!(details.len() <= 64 * 1024 && details.ends_with(" bytes left out"));
    assert_eq!(thoughts(&entries), ["success Thought for 1 s"]);
}

#[tokio::test]
async fn a_part_that_a_model_does_not_support_is_said_once() {
    let left_out = || Some(Ok(ModelEvent::LeftOut(OptionalPart::Tools)));
    let script = vec![left_out(), left_out(), says("Hello."), ends(false)];
    let model = RecordingModel::with(vec![script]);
    let app = TestApp::with_models(vec![model.clone()]).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    ada.says(&conversation, "Hello").await;
    ada.awaits_the_end(&conversation).await;
    let entries = ada.entries(&conversation).await;
    assert_eq!(entries.len(), 2);
    assert_eq!(
        (&entries[1]["logType"], &entries[1]["title"]),
        (
            &json!("info"),
            &json!("Recording recording does not support tools; asked without them.")
        )
    );
    let first = &model.requests()[0].messages;
    assert!(matches!(first[0], PromptMessage::System(_)));
}
