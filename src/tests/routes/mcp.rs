//! Tools of a real MCP server in a conversation: each call is an entry.

use crate::{
    server::assistant::tools::Registry,
    tests::support::{CallingModel, Person, TestApp, mcp, within},
};
use serde_json::{Value, json};

/// A server whose model calls one tool of the MCP server that `file` names, and somebody who uses
/// it.
async fn calling(file: &Value, tool: &str, arguments: Value) -> (TestApp, Person, Registry) {
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

/// The entry of the call and what was answered with it.
async fn called(ada: &Person) -> (Value, String) {
    let here = ada.begins().await;
    ada.says(&here, "Go").await;
    outcome(ada, &here).await
}

async fn outcome(ada: &Person, here: &str) -> (Value, String) {
    let read = ada.awaits_the_end(here).await;
    let entry = ada
        .entries(here)
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
async fn a_tool_over_standard_input_and_output_answers() {
    let (_app, ada, registry) = calling(
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
    let (entry, said) = called(&ada).await;
    assert_eq!(
        (&entry["status"], &entry["title"]),
        (&json!("success"), &json!("every: Echo Tool, good day"))
    );
    assert_eq!(
        (&entry["details"], said.as_str()),
        (&json!("Echo: good day"), "Echo: good day")
    );
}

#[tokio::test]
async fn a_turn_that_starts_with_holly_waits_for_the_servers_that_start_too() {
    let model = CallingModel::of(&[("every_echo", json!({ "message": "early" }))]);
    let app = TestApp::with_tools(vec![model], |app| {
        mcp::registry(app, &mcp::everything(json!({})))
    })
    .await;
    let (entry, said) = called(&app.person("ada@example.org").await).await;
    assert_eq!(
        (&entry["status"], said.as_str()),
        (&json!("success"), "Echo: early"),
        "{entry}"
    );
}

#[tokio::test]
async fn a_tool_over_http_answers() {
    let server = mcp::OverHttp::start();
    let (_app, ada, registry) =
        calling(&server.file(), "every_get-sum", json!({ "a": 2, "b": 40 })).await;
    while registry.servers().states()[0].trouble.is_some() {
        tokio::task::yield_now().await;
    }
    let (entry, said) = called(&ada).await;
    assert_eq!(entry["status"], "success", "{entry}");
    assert!(said.contains("42"), "{said}");
}

#[tokio::test]
async fn a_picture_of_a_tool_is_shown_in_the_conversation() {
    let (_app, ada, _) = calling(
        &mcp::everything(json!({})),
        "every_get-tiny-image",
        json!({}),
    )
    .await;
    let (entry, said) = called(&ada).await;
    let file = &entry["metadata"]["files"][0];
    assert_eq!(
        (&file["mediaType"], &file["name"]),
        (&json!("image/png"), &json!("picture-1.png"))
    );
    let picture = ada
        .gets(&format!("/files/{}", file["id"].as_str().unwrap()))
        .await;
    assert!(
        picture.bytes.starts_with(b"\x89PNG") && said.contains("[a picture, shown to the person]"),
        "{said}"
    );
}

#[tokio::test]
async fn a_tool_that_says_it_failed_has_failed_and_the_answer_goes_on() {
    let (_app, ada, _) = calling(
        &mcp::everything(json!({})),
        "every_get-sum",
        json!({ "a": "two" }),
    )
    .await;
    let (entry, said) = called(&ada).await;
    assert_eq!(entry["status"], "error");
    assert!(
        said.starts_with("The tool failed: ") && entry["metadata"]["error"].is_string(),
        "{said}"
    );
}

#[tokio::test]
async fn a_tool_that_does_not_say_it_only_reads_asks_first_unless_its_server_is_trusted() {
    let toggle = "every_toggle-simulated-logging";
    let (_app, ada, _) = calling(&mcp::everything(json!({})), toggle, json!({})).await;
    let here = ada.begins().await;
    ada.says(&here, "Go").await;
    let question = ada.awaits_a_question(&here).await;
    ada.decides(&question, "once").await.expect(200);
    assert_eq!(outcome(&ada, &here).await.0["status"], "success");
    let (_app, ada, _) = calling(
        &mcp::everything(json!({ "trust": true })),
        toggle,
        json!({}),
    )
    .await;
    assert_eq!(called(&ada).await.0["metadata"]["approval"], Value::Null);
    let asks = mcp::everything(json!({ "trust": true, "ask": { "echo": true } }));
    let (_app, ada, _) = calling(&asks, "every_echo", json!({ "message": "hi" })).await;
    let here = ada.begins().await;
    ada.says(&here, "Go").await;
    assert_eq!(
        ada.awaits_a_question(&here).await["details"],
        "message: hi\n"
    );
}

#[tokio::test]
async fn progress_is_shown_and_a_stop_ends_the_call() {
    let long = json!({ "duration": 600, "steps": 6_000 });
    let (app, ada, _) = calling(
        &mcp::everything(json!({})),
        "every_trigger-long-running-operation",
        long,
    )
    .await;
    let here = ada.begins().await;
    let mut stream = ada.streams("").await;
    ada.says(&here, "Go").await;
    let moving = |entry: &Value| {
        entry["logType"] == "tool_call" && entry["metadata"]["progress"].as_i64() > Some(0)
    };
    while !moving(&stream.next_named("entry").await.data["entry"]) {}
    ada.posts(&format!("/api/conversations/{here}/stop"), json!({}))
        .await
        .expect(200);
    ada.awaits_the_end(&here).await;
    let entry = ada
        .entries(&here)
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
async fn a_call_without_a_sign_of_life_is_given_up() {
    let hangs = json!({ "duration": 3_000, "steps": 1 });
    let limited = mcp::everything(json!({ "timeoutSeconds": 1 }));
    let (_app, ada, _) = calling(&limited, "every_trigger-long-running-operation", hangs).await;
    let (entry, said) = called(&ada).await;
    assert_eq!(entry["status"], "error");
    assert!(said.starts_with("The tool failed: every: "), "{said}");
}

#[tokio::test]
async fn a_server_gets_nothing_of_holly_s_environment_and_its_secrets_are_not_told() {
    let given = mcp::everything(json!({ "env": { "NOTES": "canary-variable-5" } }));
    let (_app, ada, _) = calling(&given, "every_get-env", json!({})).await;
    let (entry, said) = called(&ada).await;
    let environment: Value = serde_json::from_str(&said).unwrap();
    let mut names: Vec<_> = environment.as_object().unwrap().keys().cloned().collect();
    names.sort();
    assert_eq!(names, ["HOME", "NOTES", "PATH"]);
    assert!(
        !said.contains("canary-variable-5") && !entry.to_string().contains("canary-variable-5"),
        "{said}"
    );
}

#[tokio::test]
async fn a_server_that_dies_is_started_again_and_none_is_left_behind() {
    let (app, ada, registry) =
        calling(&mcp::everything(json!({})), "every_get-env", json!({})).await;
    assert_eq!(called(&ada).await.0["status"], "success");
    let pid = the_child_of_this_test(registry.servers().states()[0].process.unwrap());
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
    assert_eq!(called(&ada).await.0["status"], "success");
    let pid = the_child_of_this_test(registry.servers().states()[0].process.unwrap());
    app.app.shutdown.cancel();
    app.app.tasks.close();
    within("the server to stop", app.app.tasks.wait()).await;
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

fn the_child_of_this_test(process: u32) -> String {
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
