//! The MCP servers that Holly starts exit with it, terminated or killed.

use super::home::{Home, Server, within};
use serde_json::json;

/// A running server with an MCP server, and a mark in the latter's command line. Another MCP server
/// in the file cannot be used.
async fn start_with_mcp_server() -> (Home, Server, String) {
    let home = Home::with_user();
    let mark = home.data().join("mark").display().to_string();
    let program = std::env::var("HOLLY_TEST_MCP")
        .expect("HOLLY_TEST_MCP is not set; run `make test`, or single tests with .ci/services");
    let env = json!({ "PATH": std::env::var("PATH").unwrap() });
    let every = json!({ "command": "node", "args": [program, "stdio", mark], "env": env });
    let file = json!({ "mcpServers": {
        "every": every, "old": { "type": "sse", "url": "https://old.example/sse" },
    } });
    std::fs::write(home.data().join("mcp.json"), file.to_string()).unwrap();
    let server = home.serve();
    within("the MCP server to start", wait_for_processes(&mark, 1)).await;
    (home, server, mark)
}

/// Waits until `count` processes have the mark in their command line.
async fn wait_for_processes(mark: &str, count: usize) {
    while processes(mark) != count {
        tokio::task::yield_now().await;
    }
}

fn processes(mark: &str) -> usize {
    let lines = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok());
    lines
        .filter(|line| String::from_utf8_lossy(line).contains(mark))
        .count()
}

#[tokio::test]
async fn a_terminated_server_stops_its_mcp_servers() {
    let (_home, server, mark) = start_with_mcp_server().await;
    assert_eq!(server.terminate().await.code(), Some(0));
    // an MCP server that is still starting is killed, which takes a moment
    within("the MCP server to exit", wait_for_processes(&mark, 0)).await;
}

#[tokio::test]
async fn a_killed_server_leaves_no_mcp_server_behind() {
    let (_home, server, mark) = start_with_mcp_server().await;
    server.kill();
    within("the MCP server to exit", wait_for_processes(&mark, 0)).await;
}
