//! Tests without a real server: the file, waiting for servers, and the conversion of results.

use super::{
    McpServers, READY_TIMEOUT,
    config::{ServerConfig, ServerList, Transport, parse, read},
    content::output,
};
use crate::server::assistant::tool::ToolError;
use base64::{Engine, engine::general_purpose::STANDARD};
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

fn list(text: &str) -> Result<ServerList, String> {
    parse(text, &|_| None)
}

fn server(settings: serde_json::Value) -> Result<Vec<ServerConfig>, Vec<String>> {
    let file = json!({ "mcpServers": { "notes": settings } }).to_string();
    let ServerList { servers, left_out } = list(&file).map_err(|problem| vec![problem])?;
    match left_out.is_empty() {
        true => Ok(servers),
        false => Err(left_out.into_iter().map(|server| server.reason).collect()),
    }
}

fn config() -> ServerConfig {
    server(json!({ "command": "notes", "env": { "TOKEN": "canary-token-1" } }))
        .unwrap_or_default()
        .remove(0)
}

#[test]
fn without_a_file_there_are_no_servers() {
    assert!(
        read(std::path::Path::new("/nowhere/mcp.json")).is_ok_and(|list| list.servers.is_empty())
    );
}

#[test]
fn a_server_has_a_command_or_a_url() {
    let configs = server(json!({
        "command": "npx", "args": ["-y", "notes"], "env": { "A": "b" }, "cwd": "/tmp",
        "ask": { "add": false },
    }));
    let Ok(
        [
            ServerConfig {
                transport: Transport::Command { command, args, .. },
                ask,
                trust: false,
                ..
            },
        ],
    ) = configs.as_deref()
    else {
        panic!()
    };
    assert_eq!(
        (command.as_str(), args.len(), ask.get("add")),
        ("npx", 2, Some(&false))
    );
    let configs = server(json!({
        "url": "https://notes.example/mcp",
        "headers": { "Authorization": "Bearer x" },
        "trust": true,
    }));
    assert!(matches!(
        configs.as_deref(),
        Ok([ServerConfig {
            transport: Transport::Url { .. },
            trust: true,
            ..
        }])
    ));
    assert!(
        server(json!({ "command": "npx", "disabled": true }))
            .is_ok_and(|servers| servers.is_empty())
    );
}

#[test]
fn all_problems_are_reported_at_once() {
    let file = json!({ "mcpServers": {
        "two words": { "command": "a" },
        "both": { "command": "a", "url": "https://b" },
        "neither": {},
        "ftp": {
            "url": "ftp://x", "headers": { "a b": "c", "d": "e\nf" }, "timeoutSeconds": 0,
        },
        "typo": { "comand": "a" },
    } });
    let list_of_problems = list(&file.to_string()).map(|list| list.left_out);
    let problems: Vec<String> = list_of_problems
        .unwrap_or_default()
        .into_iter()
        .flat_map(|server| {
            let parts = server.reason.split("; ");
            let name = server.name.clone();
            let named = parts.map(move |part| format!("server {name:?} {part}"));
            named.collect::<Vec<_>>()
        })
        .collect();
    let count = |part: &str| {
        problems
            .iter()
            .filter(|problem| problem.contains(part))
            .count()
    };
    for part in [
        "\"two words\" must be named",
        "\"both\" must have either",
        "\"neither\" must have either",
        "does not use its fields \"comand\"",
    ] {
        assert_eq!(count(part), 1, "{part}: {problems:?}");
    }
    assert_eq!(count("\"ftp\" has"), 4, "{problems:?}");
    for text in ["{", "[]", "{\"mcpServers\": 1}"] {
        assert_eq!(
            list(text).err().map(|problem| problem.is_empty()),
            Some(false),
            "{text}"
        );
    }
}

#[test]
fn a_result_is_text_for_the_model_and_files_for_the_user() {
    let picture = STANDARD.encode(b"GIF89a and so on");
    let blocks = vec![
        ContentBlock::text("Here it is, by canary-token-1:"),
        ContentBlock::image(picture, "image/png"),
    ];
    let result = output(&config(), "notes: Draw", CallToolResult::success(blocks));
    let result = result.expect("a result");
    assert_eq!(
        result.text,
        "Here it is, by [masked]:\n[a picture, shown to the user]"
    );
    let file = &result.files[0];
    assert_eq!(
        (
            file.media_type,
            file.name.as_str(),
            file.description.as_str()
        ),
        ("image/gif", "picture-1.gif", "notes: Draw (picture 1)")
    );
}

#[test]
fn files_with_invalid_content_are_left_out_with_a_note() {
    let html = ContentBlock::image(STANDARD.encode(b"<script>alert(1)</script>"), "image/png");
    let result = output(
        &config(),
        "x",
        CallToolResult::success(vec![html, ContentBlock::image("?!", "image/png")]),
    )
    .expect("a result");
    assert!(
        result.files.is_empty()
            && result.text.contains("its type is not supported")
            && result.text.contains("not base64"),
        "{}",
        result.text
    );
    let many = vec![ContentBlock::image(STANDARD.encode(b"GIF89a"), "image/gif"); 10];
    assert_eq!(
        output(&config(), "x", CallToolResult::success(many)).map(|result| result.files.len()),
        Ok(8)
    );
}

#[test]
fn text_is_bounded_and_an_error_is_a_failure() {
    let long = output(
        &config(),
        "x",
        CallToolResult::success(vec![ContentBlock::text("é".repeat(40_000))]),
    )
    .expect("a result");
    assert!(long.text.len() < 33_000 && long.text.ends_with("bytes left out"));
    let failed = output(
        &config(),
        "x",
        CallToolResult::error(vec![ContentBlock::text("No such note.")]),
    );
    assert_eq!(failed, Err(ToolError::Failed("No such note.".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn a_turn_waits_only_briefly_for_servers_that_are_starting() {
    let (started, shutdown) = (Instant::now(), CancellationToken::new());
    McpServers::default().ready().await;
    assert_eq!(started.elapsed(), Duration::ZERO);
    let silent = ServerList {
        servers: server(json!({ "command": "sleep", "args": ["600"] })).unwrap_or_default(),
        left_out: Vec::new(),
    };
    McpServers::start(silent, &shutdown, &TaskTracker::new())
        .ready()
        .await;
    assert_eq!(started.elapsed(), READY_TIMEOUT);
    shutdown.cancel();
}
