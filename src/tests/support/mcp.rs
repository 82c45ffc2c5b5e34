//! A real MCP server from npm (`HOLLY_TEST_MCP`, see `.ci/env`), over standard input and output and
//! over HTTP.

use crate::server::{
    assistant::{
        mcp::{McpServers, read},
        tools::Registry,
    },
    state::App,
};
use crate::tests::support::within;
use serde_json::{Value, json};
use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

fn program() -> String {
    std::env::var("HOLLY_TEST_MCP")
        .expect("HOLLY_TEST_MCP is not set; run `make test`, or single tests with .ci/services")
}

/// An `mcp.json` with the server, whose hints are trusted, and further settings for it.
pub(in crate::tests) fn everything(settings: Value) -> Value {
    let arguments = json!([program(), "stdio"]);
    let mut server = json!({ "command": "node", "args": arguments, "trustHints": true });
    server
        .as_object_mut()
        .unwrap()
        .extend(settings.as_object().unwrap().clone());
    json!({ "mcpServers": { "every": server } })
}

/// The demo's tools and those of the servers in `file`.
pub(in crate::tests) fn registry(app: &App, file: &Value) -> Registry {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mcp.json");
    std::fs::write(&path, file.to_string()).unwrap();
    Registry::demo().with_servers(McpServers::start(
        read(&path).unwrap(),
        &app.shutdown,
        &app.tasks,
    ))
}

/// A server whose every answer is given: `pages` has the results of `tools/list` by cursor (the
/// first one's is empty), `results` those of `tools/call` by tool.
pub(in crate::tests) fn stub(pages: &Value, results: &Value) -> Value {
    let program = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/tests/support/mcp_stub.mjs"
    );
    let answers = json!({ "pages": pages, "results": results }).to_string();
    json!({ "command": "node", "args": [program, answers] })
}

/// Starts the servers in `file` without a server of Holly, and waits for them.
pub(in crate::tests) async fn started(file: &Value) -> (McpServers, DropGuard) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mcp.json");
    std::fs::write(&path, file.to_string()).unwrap();
    let shutdown = CancellationToken::new();
    let servers = McpServers::start(read(&path).unwrap(), &shutdown, &TaskTracker::new());
    within("the MCP servers", servers.settled()).await;
    (servers, shutdown.drop_guard())
}

/// The server over HTTP; killed on drop.
pub(in crate::tests) struct OverHttp {
    child: Child,
    port: u16,
}

impl OverHttp {
    /// Starts it on a free port.
    pub(in crate::tests) fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut command = Command::new("node");
        command
            .arg(program())
            .arg("streamableHttp")
            .env("PORT", port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self {
            child: command.spawn().unwrap(),
            port,
        }
    }

    /// An `mcp.json` with this server.
    pub(in crate::tests) fn file(&self) -> Value {
        let url = format!("http://127.0.0.1:{}/mcp", self.port);
        let headers = json!({ "Authorization": "Bearer canary-header-7" });
        json!({ "mcpServers": { "every": {
            "type": "http", "url": url, "headers": headers, "trustHints": true,
        } } })
    }
}

impl Drop for OverHttp {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
