//! What a model is told of earlier turns.

use crate::{
    server::assistant::{
        model::{ErrorClass, ModelError, ModelEvent, ModelRequest, PromptMessage, ToolCall},
        tool::{Tool, ToolContext, ToolDefinition, ToolError, ToolOutput},
        tools::Registry,
    },
    tests::support::{Person, RecordingModel, TestApp},
};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::sync::Arc;

type Script = Vec<Option<Result<ModelEvent, ModelError>>>;

fn says(text: &str) -> Script {
    vec![Some(Ok(ModelEvent::Text(text.to_owned()))), end()]
}

fn end() -> Option<Result<ModelEvent, ModelError>> {
    Some(Ok(ModelEvent::End {
        usage: None,
        cut_short: false,
    }))
}

fn calls(tool: &str, arguments: Value) -> Script {
    let call = ToolCall {
        id: "call-1".into(),
        name: tool.into(),
        arguments,
        signatures: Vec::new(),
    };
    vec![Some(Ok(ModelEvent::Call(call))), end()]
}

fn fails() -> Script {
    let error = ModelError::plain(ErrorClass::BadRequest, "no");
    vec![Some(Err(error))]
}

async fn app_with(scripts: Vec<Script>) -> (TestApp, Person, String, Arc<RecordingModel>) {
    let model = RecordingModel::with(scripts);
    let app = TestApp::with_models(vec![model.clone()]).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    (app, ada, conversation, model)
}

/// Each message of a request as `role: text`, without the system prompt.
fn lines(request: &ModelRequest) -> Vec<String> {
    let line = |message: &PromptMessage| match message {
        PromptMessage::System(_) => None,
        PromptMessage::User(text, _) => Some(format!("user: {text}")),
        PromptMessage::Assistant(text) => Some(format!("assistant: {text}")),
        PromptMessage::Calls(calls) => {
            let calls = calls.iter();
            let calls: Vec<_> = calls
                .map(|call| format!("{} {} {}", call.id, call.name, call.arguments))
                .collect();
            Some(format!("calls: {}", calls.join(", ")))
        }
        PromptMessage::Result { call_id, text } => Some(format!("result {call_id}: {text}")),
    };
    request.messages.iter().filter_map(line).collect()
}

#[tokio::test]
async fn calls_and_results_of_earlier_turns_are_told_in_pairs() {
    let prompt = "a tree with ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let (_app, ada, conversation, model) = app_with(vec![
        calls("generate_image", json!({ "prompt": prompt })),
        calls("summon", json!({ "long": "x".repeat(9_000) })),
        says("Here it is."),
        says("A tree."),
    ])
    .await;
    for question in ["Paint", "What was it?"] {
        ada.says(&conversation, question).await;
        ada.awaits_the_end(&conversation).await;
    }
    let requests = model.requests();
    let last = lines(&requests[3]);
    let expected = [
        "user: Paint",
        "calls: call-1 generate_image {\"prompt\":\"a tree with ",
        "result call-1: Demo sample: ",
        "calls: call-1-2 summon {\"long\":\"xxx",
        "result call-1-2: The tool failed: there is no tool called summon",
        "assistant: Here it is.",
        "user: What was it?",
    ];
    assert_eq!(last.len(), expected.len(), "{last:?}");
    for (line, begins) in last.iter().zip(expected) {
        assert!(line.starts_with(begins), "{line}");
        assert!(line.len() <= 4_200 && !line.contains("ghp_"), "{line}");
    }
    assert_eq!(
        requests[3].messages[3], requests[2].messages[3],
        "a result is told as in its own turn"
    );
}

/// A tool with this result.
struct FixedTool(Result<ToolOutput, ToolError>);

impl Tool for FixedTool {
    fn definition(&self) -> ToolDefinition {
        ToolDefinition {
            name: "fixed".into(),
            description: String::new(),
            schema: json!({ "type": "object" }),
        }
    }

    fn title(&self, _: &Value) -> String {
        "Fixed".into()
    }

    fn run(&self, _: Value, _: ToolContext) -> BoxFuture<'static, Result<ToolOutput, ToolError>> {
        let result = self.0.clone();
        Box::pin(async { result })
    }
}

#[tokio::test]
async fn the_entry_of_a_call_is_settled_and_told_whatever_its_result() {
    let output = |text: &str, details: Option<&str>| {
        Ok(ToolOutput {
            text: text.to_owned(),
            details: details.map(str::to_owned),
            files: Vec::new(),
        })
    };
    let (long, signs) = ("result ".repeat(5_000), "\u{1}".repeat(30_000));
    for (name, tool, status, begins) in [
        ("short", output("done", None), "success", "done"),
        (
            "only for the model",
            output(&long, Some("shown")),
            "success",
            "result ",
        ),
        ("long", output(&long, Some(&long)), "success", "result "),
        (
            "control characters",
            output(&signs, None),
            "success",
            "\u{1}",
        ),
        (
            "failed",
            Err(ToolError::Failed(long.clone())),
            "error",
            "The tool failed: result ",
        ),
        (
            "refused",
            Err(ToolError::Refused("No.".into())),
            "warning",
            "No.",
        ),
    ] {
        let scripts = vec![calls("fixed", json!({})), says("Done.")];
        let model = RecordingModel::with(scripts);
        let tool = FixedTool(tool);
        let registry = Registry::new(vec![Arc::new(tool)]);
        let app = TestApp::with_tools(vec![model.clone()], |_| registry).await;
        let ada = app.person("ada@example.org").await;
        let conversation = ada.begins().await;
        for question in ["One", "Two"] {
            ada.says(&conversation, question).await;
            ada.awaits_the_end(&conversation).await;
        }
        let entries = ada.entries(&conversation).await;
        let call = entries
            .iter()
            .find(|entry| entry["logType"] == "tool_call")
            .unwrap();
        assert_eq!(call["status"], status, "{name}: {}", call["metadata"]);
        assert!(call["metadata"]["interrupted"].is_null(), "{name}");
        let told = &lines(&model.requests()[2])[2];
        assert!(
            told.starts_with(&format!("result call-1: {begins}")),
            "{name}: {told}"
        );
        assert!(told.len() <= 4_200, "{name}: {}", told.len());
    }
}

#[tokio::test]
async fn a_turn_that_failed_or_was_stopped_leaves_a_history_that_every_template_accepts() {
    let half = || Some(Ok(ModelEvent::Text("Half an answer. ".into())));
    let image = || calls("generate_image", json!({ "prompt": "a tree" }));
    for (name, first, stopped, expected) in [
        ("failed", vec![fails()], false, vec!["user: One\n\nTwo"]),
        (
            "failed after its tools",
            vec![image(), fails()],
            false,
            vec![
                "user: One",
                "calls: call-1 generate_image {\"prompt\":\"a tree\"}",
                "result",
                "assistant: [There was no answer.]",
                "user: Two",
            ],
        ),
        ("stopped", vec![vec![None]], true, vec!["user: One\n\nTwo"]),
        (
            "stopped after its first words",
            vec![vec![half(), None]],
            true,
            vec!["user: One", "assistant: Half an answer. ", "user: Two"],
        ),
        (
            "cut off",
            vec![vec![half()]],
            false,
            vec!["user: One", "assistant: Half an answer. ", "user: Two"],
        ),
    ] {
        let scripts = [first, vec![says("Fine.")]].concat();
        let (_app, ada, conversation, model) = app_with(scripts).await;
        let mut stream = ada.streams("").await;
        ada.says(&conversation, "One").await;
        if stopped {
            stream.next_named("entry").await;
            if expected.len() > 1 {
                stream.next_named("delta").await;
            }
            let stop = format!("/api/conversations/{conversation}/stop");
            ada.posts(&stop, json!({})).await.expect(200);
        }
        ada.awaits_the_end(&conversation).await;
        ada.says(&conversation, "Two").await;
        ada.awaits_the_end(&conversation).await;
        let last = lines(model.requests().last().unwrap());
        assert_eq!(last.len(), expected.len(), "{name}: {last:?}");
        for (line, begins) in last.iter().zip(expected) {
            assert!(line.starts_with(begins), "{name}: {last:?}");
        }
    }
}

#[tokio::test]
async fn a_regenerated_answer_is_not_told_the_calls_of_the_one_before() {
    let (_app, ada, conversation, model) = app_with(vec![
        calls("generate_image", json!({ "prompt": "a tree" })),
        says("Here it is."),
        says("Again."),
    ])
    .await;
    ada.says(&conversation, "Paint").await;
    ada.awaits_the_end(&conversation).await;
    let again = format!("/api/conversations/{conversation}/regenerate");
    ada.posts(&again, json!({})).await.expect(202);
    ada.awaits_the_end(&conversation).await;
    assert_eq!(lines(&model.requests()[2]), ["user: Paint"]);
}

#[tokio::test]
async fn calls_of_another_conversation_or_of_other_programs_are_not_told() {
    let (app, ada, conversation, model) = app_with(vec![says("Hello.")]).await;
    let bob = app.person("bob@example.org").await;
    for (person, conversation) in [(&ada, Some(&conversation)), (&ada, None), (&bob, None)] {
        person
            .creates(json!({
                "logType": "tool_call", "status": "success", "title": "Planted",
                "conversationId": conversation,
                "metadata": { "tool": "planted" },
            }))
            .await;
    }
    ada.says(&conversation, "Hello").await;
    ada.awaits_the_end(&conversation).await;
    assert_eq!(lines(&model.requests()[0]), ["user: Hello"]);
}
