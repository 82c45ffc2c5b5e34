//! What needs no real server: the file, the wait for those that start, and what results are taken
//! for.

use super::{
    McpServers, READY_WITHIN,
    config::{ServerConfig, Transport, parse, read},
    content::output,
};
use crate::server::assistant::tool::ToolError;
use base64::{Engine, engine::general_purpose::STANDARD};
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

fn server(settings: serde_json::Value) -> Result<Vec<ServerConfig>, Vec<String>> {
    parse(&json!({ "mcpServers": { "notes": settings } }).to_string())
}

fn config() -> ServerConfig {
    server(json!({ "command": "notes", "env": { "TOKEN": "canary-token-1" } }))
        .unwrap_or_default()
        .remove(0)
}

#[test]
fn without_a_file_there_are_no_servers() {
    assert!(
        read(std::path::Path::new("/nowhere/mcp.json")).is_ok_and(|servers| servers.is_empty())
    );
}

#[test]
fn a_server_is_reached_by_command_or_by_url() {
    let configs = server(
        json!({ "command": "npx", "args": ["-y", "notes"], "env": { "A": "b" }, "cwd": "/tmp", "ask": { "add": false } }),
    );
    let Ok(
        [
            ServerConfig {
                reach: Transport::Command { command, args, .. },
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
    let configs = server(
        json!({ "url": "https://notes.example/mcp", "headers": { "Authorization": "Bearer x" }, "trust": true }),
    );
    assert!(matches!(
        configs.as_deref(),
        Ok([ServerConfig {
            reach: Transport::Url { .. },
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
fn everything_wrong_is_said_at_once() {
    let file = json!({ "mcpServers": {
        "two words": { "command": "a" },
        "both": { "command": "a", "url": "https://b" },
        "neither": {},
        "ftp": { "url": "ftp://x", "headers": { "a b": "c", "d": "e\nf" }, "timeoutSeconds": 0 },
        "typo": { "comand": "a" },
    } });
    let problems = parse(&file.to_string()).err().unwrap_or_default();
    let found = |part: &str| {
        problems
            .iter()
            .filter(|problem| problem.contains(part))
            .count()
    };
    for part in [
        "\"two words\" must be named",
        "\"both\" must have either",
        "\"neither\" must have either",
        "unknown field `comand`",
    ] {
        assert_eq!(found(part), 1, "{part}: {problems:?}");
    }
    assert_eq!(found("\"ftp\" has"), 4, "{problems:?}");
    for text in ["{", "[]", "{\"mcpServers\": 1}"] {
        assert_eq!(
            parse(text).err().map(|problems| problems.len()),
            Some(1),
            "{text}"
        );
    }
}

#[test]
fn a_result_is_text_for_the_model_and_files_for_the_person() {
    let picture = STANDARD.encode(b"GIF89a and so on");
    let blocks = vec![
        ContentBlock::text("Here it is, by canary-token-1:"),
        ContentBlock::image(picture, "image/png"),
    ];
    let made = output(&config(), "notes: Draw", CallToolResult::success(blocks)).expect("a result");
    assert_eq!(
        made.text,
        "Here it is, by [masked]:\n[a picture, shown to the person]"
    );
    let file = &made.files[0];
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
fn what_is_not_what_it_says_is_left_out_and_that_is_said() {
    let html = ContentBlock::image(STANDARD.encode(b"<script>alert(1)</script>"), "image/png");
    let made = output(
        &config(),
        "x",
        CallToolResult::success(vec![html, ContentBlock::image("?!", "image/png")]),
    )
    .expect("a result");
    assert!(
        made.files.is_empty()
            && made.text.contains("of no type that Holly shows")
            && made.text.contains("not base64"),
        "{}",
        made.text
    );
    let many = vec![ContentBlock::image(STANDARD.encode(b"GIF89a"), "image/gif"); 10];
    assert_eq!(
        output(&config(), "x", CallToolResult::success(many)).map(|made| made.files.len()),
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
async fn a_turn_waits_for_servers_that_start_and_not_for_long() {
    let (began, shutdown) = (Instant::now(), CancellationToken::new());
    McpServers::default().ready().await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    let says_nothing = server(json!({ "command": "sleep", "args": ["600"] })).unwrap_or_default();
    McpServers::start(says_nothing, &shutdown, &TaskTracker::new())
        .ready()
        .await;
    assert_eq!(began.elapsed(), READY_WITHIN);
    shutdown.cancel();
}
