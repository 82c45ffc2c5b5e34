//! Bounds of what a model sends.

use crate::{
    server::assistant::{
        model::{Model, ModelError, ModelEvent, ModelLink, ModelRequest, PromptMessage, ToolCall},
        retry_policy::ModelTimeouts,
    },
    tests::support::{RecordingModel, TestApp},
};
use futures::stream::{self, BoxStream, StreamExt};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

fn end() -> Option<Result<ModelEvent, ModelError>> {
    Some(Ok(ModelEvent::End {
        usage: None,
        cut_short: false,
    }))
}

#[tokio::test]
async fn an_answer_beyond_its_bound_is_cut_short() {
    let piece = || Some(Ok(ModelEvent::Text("äb\n".repeat(10_000))));
    let script = std::iter::repeat_n(piece(), 8).chain([None]).collect();
    let app = TestApp::with_models(vec![RecordingModel::with(vec![script])]).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    ada.says(&conversation, "Tell me all").await;
    let read = ada.awaits_the_end(&conversation).await;
    let answer = &read["messages"][1];
    let bytes = answer["content"].as_str().unwrap().len();
    assert!((262_140..=262_144).contains(&bytes), "{bytes}");
    assert_eq!(answer["status"], "done");
    let entries = ada.entries(&conversation).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (
            &entries[0]["status"],
            &entries[0]["metadata"]["finishReason"]
        ),
        (&json!("warning"), &json!("length"))
    );
    let title = entries[0]["title"].as_str().unwrap();
    assert!(title.ends_with("stopped at its length limit"), "{title}");
}

#[tokio::test]
async fn calls_beyond_the_bounds_are_refused_told_and_logged() {
    let call = |n: usize| {
        let arguments = match n {
            0 => json!({ "prompt": "x".repeat(70_000) }),
            _ => json!({ "prompt": "a tree" }),
        };
        Some(Ok(ModelEvent::Call(ToolCall {
            id: format!("call-{n}"),
            name: "generate_image".into(),
            arguments,
            signatures: Vec::new(),
        })))
    };
    let script = || (0..20).map(call).chain([end()]).collect::<Vec<_>>();
    let done = vec![Some(Ok(ModelEvent::Text("Done.".into()))), end()];
    let scripts = std::iter::repeat_n(script(), 5).chain([done]).collect();
    let model = RecordingModel::with(scripts);
    let app = TestApp::with_models(vec![model.clone()]).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    ada.says(&conversation, "Paint").await;
    ada.awaits_the_end(&conversation).await;
    let entries = ada.entries(&conversation).await;
    let run = entries
        .iter()
        .filter(|entry| entry["logType"] == "tool_call")
        .count();
    assert_eq!(run, 64);
    let refused = |entry: &&Value| !entry["metadata"]["refused"].is_null();
    let titles: Vec<_> = entries
        .iter()
        .filter(refused)
        .map(|entry| &entry["title"])
        .collect();
    let titles_expected = [4, 4, 4, 4, 20].map(|n| json!(format!("Refused {n} tool calls")));
    assert_eq!(titles, titles_expected.iter().collect::<Vec<_>>());
    let requests = model.requests();
    let results = requests[1]
        .messages
        .iter()
        .filter_map(|message| match message {
            PromptMessage::Result { text, .. } => Some(text.as_str()),
            _ => None,
        });
    let results: Vec<_> = results.collect();
    assert_eq!(results.len(), 20);
    for (n, part) in [(0, "at most 65536 are allowed"), (17, "at most 16 calls")] {
        let result = results[n];
        assert!(
            result.starts_with("This call was refused and not run: "),
            "{result}"
        );
        assert!(result.contains(part), "{result}");
    }
    let told = format!("{:?}", requests[1]);
    assert!(
        told.len() < 40_000,
        "what was refused is not sent back: {}",
        told.len()
    );
}

/// Sends this event for ever, every 5 ms.
struct EndlessModel(ModelLink, ModelEvent);

impl Model for EndlessModel {
    fn link(&self) -> &ModelLink {
        &self.0
    }

    fn stream(&self, _: ModelRequest) -> BoxStream<'static, Result<ModelEvent, ModelError>> {
        stream::repeat(self.1.clone())
            .then(|event| async {
                tokio::time::sleep(Duration::from_millis(5)).await;
                Ok(event)
            })
            .boxed()
    }
}

#[tokio::test]
async fn every_event_is_a_sign_of_life_but_not_for_ever() {
    let link = RecordingModel::with(vec![vec![end()]]).link().clone();
    for event in [
        ModelEvent::Thinking,
        ModelEvent::Reasoning("So. ".into()),
        ModelEvent::Text("So. ".into()),
    ] {
        let timeouts = ModelTimeouts {
            first: Duration::from_millis(500),
            between: Duration::from_millis(500),
            total: Duration::from_secs(1),
            retry_delay_factor: 0.0,
        };
        let model = Arc::new(EndlessModel(link.clone(), event.clone()));
        let app = TestApp::with_timeouts(vec![model], timeouts).await;
        let ada = app.person("ada@example.org").await;
        let conversation = ada.begins().await;
        ada.says(&conversation, "Why?").await;
        ada.awaits_the_end(&conversation).await;
        let entries = ada.entries(&conversation).await;
        assert_eq!(entries[0]["metadata"]["errorClass"], "timeout", "{event:?}");
        assert_eq!(
            entries[0]["metadata"]["error"], "The answer was not complete after 1 s.",
            "{event:?}"
        );
        assert!(
            entries.iter().all(|entry| entry["status"] != "working"),
            "{event:?}"
        );
    }
}
