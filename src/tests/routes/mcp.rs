//! Tools of a real MCP server in a conversation; each call is an entry.

use crate::{
    server::assistant::tools::Registry,
    tests::support::{CallingModel, Person, TestApp, mcp, within},
};
use serde_json::{Value, json};

/// A server whose model calls one tool of the MCP server configured in `file`, and a user.
async fn with_tool_call(file: &Value, tool: &str, arguments: Value) -> (TestApp, Person, Registry) {
    let mut registry = None;
    let model = CallingModel::of(&[(tool, arguments)]);
    let app = TestApp::with_tools(vec![model], |app| {
        registry.insert(mcp::registry(app, file)).clone()
    })
    .await;
    let registry = registry.unwrap();
    within("the MCP server", registry.servers().settled()).await;
    let ada = app.person("ada@example.org").await;
    (app, ada, registry)
}

/// The entry of the call and the answer.
async fn run_turn(ada: &Person) -> (Value, String) {
    let conversation = ada.begins().await;
    ada.says(&conversation, "Go").await;
    outcome(ada, &conversation).await
}

async fn outcome(ada: &Person, conversation: &str) -> (Value, String) {
    let read = ada.awaits_the_end(conversation).await;
    let entry = ada
        .entries(conversation)
        .await
        .into_iter()
        .find(|entry| entry["logType"] == "tool_call")
        .unwrap();
    (
        entry,
        read["messages"].as_array().unwrap().last().unwrap()["content"]
            .as_str()
            .unwrap()
            .to_owned(),
    )
}

#[tokio::test]
async fn a_stdio_tool_returns_its_result() {
    let (_app, ada, registry) = with_tool_call(
        &mcp::everything(json!({})),
        "every_echo",
        json!({ "message": "good day" }),
    )
    .await;
    let offered: Vec<_> = registry
        .definitions()
        .into_iter()
        .map(|tool| tool.name)
        .collect();
    assert!(
        offered.contains(&"every_get-sum".to_owned())
            && offered.contains(&"generate_image".to_owned()),
        "{offered:?}"
    );
    let (entry, reply) = run_turn(&ada).await;
    assert_eq!(
        (&entry["status"], &entry["title"]),
        (&json!("success"), &json!("every: Echo Tool, good day"))
    );
    assert_eq!(
        (&entry["details"], reply.as_str()),
        (&json!("Echo: good day"), "Echo: good day")
    );
}

#[tokio::test]
async fn the_first_turn_waits_for_mcp_servers_to_start() {
    let model = CallingModel::of(&[("every_echo", json!({ "message": "early" }))]);
    let app = TestApp::with_tools(vec![model], |app| {
        mcp::registry(app, &mcp::everything(json!({})))
    })
    .await;
    let (entry, reply) = run_turn(&app.person("ada@example.org").await).await;
    assert_eq!(
        (&entry["status"], reply.as_str()),
        (&json!("success"), "Echo: early"),
        "{entry}"
    );
}

#[tokio::test]
async fn an_http_tool_returns_its_result() {
    let server = mcp::OverHttp::start();
    let (_app, ada, registry) =
        with_tool_call(&server.file(), "every_get-sum", json!({ "a": 2, "b": 40 })).await;
    while registry.servers().states()[0].trouble.is_some() {
        tokio::task::yield_now().await;
    }
    let (entry, reply) = run_turn(&ada).await;
    assert_eq!(entry["status"], "success", "{entry}");
    assert!(reply.contains("42"), "{reply}");
}

#[tokio::test]
async fn a_picture_from_a_tool_is_shown_in_the_conversation() {
    let (_app, ada, _) = with_tool_call(
        &mcp::everything(json!({})),
        "every_get-tiny-image",
        json!({}),
    )
    .await;
    let (entry, reply) = run_turn(&ada).await;
    let file = &entry["metadata"]["files"][0];
    assert_eq!(
        (&file["mediaType"], &file["name"]),
        (&json!("image/png"), &json!("picture-1.png"))
    );
    let picture = ada
        .gets(&format!("/files/{}", file["id"].as_str().unwrap()))
        .await;
    assert!(
        picture.bytes.starts_with(b"\x89PNG") && reply.contains("[a picture, shown to the user]"),
        "{reply}"
    );
}

#[tokio::test]
async fn a_tool_error_is_logged_and_the_answer_continues() {
    let (_app, ada, _) = with_tool_call(
        &mcp::everything(json!({})),
        "every_get-sum",
        json!({ "a": "two" }),
    )
    .await;
    let (entry, reply) = run_turn(&ada).await;
    assert_eq!(entry["status"], "error");
    assert!(
        reply.starts_with("The tool failed: ") && entry["metadata"]["error"].is_string(),
        "{reply}"
    );
}

#[tokio::test]
async fn every_tool_asks_unless_the_server_or_its_hints_are_trusted() {
    let untrusted = mcp::everything(json!({ "trustHints": false }));
    let (_app, ada, _) =
        with_tool_call(&untrusted, "every_echo", json!({ "message": "a\u{200b}b" })).await;
    let conversation = ada.begins().await;
    ada.says(&conversation, "Go").await;
    let approval = ada.awaits_a_question(&conversation).await;
    assert_eq!(
        (&approval["title"], &approval["details"]),
        (
            &json!("every: Echo Tool, a[U+200B]b"),
            &json!("message: a[U+200B]b\n")
        )
    );
    ada.decides(&approval, "once").await.expect(200);
    assert_eq!(
        outcome(&ada, &conversation).await.0["details"],
        "message: a[U+200B]b\n\nResult:\nEcho: a\u{200b}b"
    );
    let toggle = "every_toggle-simulated-logging";
    let (_app, ada, _) = with_tool_call(&mcp::everything(json!({})), toggle, json!({})).await;
    let conversation = ada.begins().await;
    ada.says(&conversation, "Go").await;
    let approval = ada.awaits_a_question(&conversation).await;
    ada.decides(&approval, "once").await.expect(200);
    assert_eq!(outcome(&ada, &conversation).await.0["status"], "success");
    let (_app, ada, _) = with_tool_call(
        &mcp::everything(json!({ "trust": true })),
        toggle,
        json!({}),
    )
    .await;
    assert_eq!(run_turn(&ada).await.0["metadata"]["approval"], Value::Null);
    let asks = mcp::everything(json!({ "trust": true, "ask": { "echo": true } }));
    let (_app, ada, _) = with_tool_call(&asks, "every_echo", json!({ "message": "hi" })).await;
    let conversation = ada.begins().await;
    ada.says(&conversation, "Go").await;
    assert_eq!(
        ada.awaits_a_question(&conversation).await["details"],
        "message: hi\n"
    );
}

#[tokio::test]
async fn progress_is_shown_and_stopping_ends_the_call() {
    let long = json!({ "duration": 600, "steps": 6_000 });
    let (app, ada, _) = with_tool_call(
        &mcp::everything(json!({})),
        "every_trigger-long-running-operation",
        long,
    )
    .await;
    let conversation = ada.begins().await;
    let mut stream = ada.streams("").await;
    ada.says(&conversation, "Go").await;
    let moving = |entry: &Value| {
        entry["logType"] == "tool_call" && entry["metadata"]["progress"].as_i64() > Some(0)
    };
    while !moving(&stream.next_named("entry").await.data["entry"]) {}
    ada.posts(
        &format!("/api/conversations/{conversation}/stop"),
        json!({}),
    )
    .await
    .expect(200);
    ada.awaits_the_end(&conversation).await;
    let entry = ada
        .entries(&conversation)
        .await
        .into_iter()
        .find(|entry| entry["logType"] == "tool_call")
        .unwrap();
    assert_eq!(
        (&entry["status"], &entry["metadata"]["stopped"]),
        (&json!("warning"), &json!(true))
    );
    app.app.shutdown.cancel();
    app.app.tasks.close();
    within("the MCP server to stop", app.app.tasks.wait()).await;
}

#[tokio::test]
async fn a_call_without_progress_times_out() {
    let hangs = json!({ "duration": 3_000, "steps": 1 });
    let limited = mcp::everything(json!({ "timeoutSeconds": 1 }));
    let (_app, ada, _) =
        with_tool_call(&limited, "every_trigger-long-running-operation", hangs).await;
    let (entry, reply) = run_turn(&ada).await;
    assert_eq!(entry["status"], "error");
    assert!(reply.starts_with("The tool failed: every: "), "{reply}");
}

#[tokio::test]
async fn a_server_gets_no_inherited_environment_and_its_secrets_are_masked() {
    let given = mcp::everything(json!({ "env": { "NOTES": "canary-variable-5" } }));
    let (_app, ada, _) = with_tool_call(&given, "every_get-env", json!({})).await;
    let (entry, reply) = run_turn(&ada).await;
    let environment: Value = serde_json::from_str(&reply).unwrap();
    let mut names: Vec<_> = environment.as_object().unwrap().keys().cloned().collect();
    names.sort();
    assert_eq!(names, ["HOME", "NOTES", "PATH"]);
    assert!(
        !reply.contains("canary-variable-5") && !entry.to_string().contains("canary-variable-5"),
        "{reply}"
    );
}

#[tokio::test]
async fn a_crashed_server_is_restarted_and_stopped_at_shutdown() {
    let (app, ada, registry) =
        with_tool_call(&mcp::everything(json!({})), "every_get-env", json!({})).await;
    assert_eq!(run_turn(&ada).await.0["status"], "success");
    let pid = own_child_pid(registry.servers().states()[0].process.unwrap());
    kill(&pid);
    within("the server to be started again", async {
        while registry.servers().states()[0]
            .process
            .is_none_or(|process| process.to_string() == pid)
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(run_turn(&ada).await.0["status"], "success");
    let pid = own_child_pid(registry.servers().states()[0].process.unwrap());
    app.app.shutdown.cancel();
    app.app.tasks.close();
    within("the server to stop", app.app.tasks.wait()).await;
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

fn own_child_pid(process: u32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    assert!(
        status.contains(&format!("PPid:\t{}", std::process::id())),
        "{status}"
    );
    process.to_string()
}

fn kill(pid: &str) {
    assert!(
        std::process::Command::new("kill")
            .args(["-9", pid])
            .status()
            .unwrap()
            .success()
    );
}
