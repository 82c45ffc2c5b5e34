//! Tools of MCP servers (Model Context Protocol, modelcontextprotocol.io). The servers listed in
//! `mcp.json` in the data folder are started with Holly, kept running, and stopped with it.
//!
//! `config`: the file. `server`: the state of a server. `supervisor`: keeps it running. `connect`:
//! its connection. `handler`: its notifications. `names`: tool names for models. `tool`: a tool.
//! `content`: the results.

mod config;
mod connect;
mod content;
mod handler;
mod names;
mod server;
mod supervisor;
#[cfg(test)]
mod tests;
mod tool;

use super::tool::Tool;
use crate::domain::ToolServer;
use connect::TaskOwner;
use server::Server;
use std::{sync::Arc, time::Duration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use config::{ServerConfig, read};

/// Maximum number of tools offered to a model from all servers together.
const TOOLS_MAX: usize = 128;
/// How long a turn waits for servers that are still starting.
const READY_TIMEOUT: Duration = Duration::from_secs(5);

/// The configured servers; cheap to clone.
#[derive(Clone, Default)]
pub struct McpServers {
    servers: Arc<[Arc<Server>]>,
}

impl McpServers {
    /// Spawns a task per server that keeps it running until `shutdown`.
    pub fn start(
        configs: Vec<ServerConfig>,
        shutdown: &CancellationToken,
        tasks: &TaskTracker,
    ) -> Self {
        let owner = TaskOwner {
            tasks: tasks.clone(),
            shutdown: shutdown.clone(),
        };
        let servers: Arc<[_]> = configs
            .into_iter()
            .map(|config| Arc::new(Server::new(config, owner.clone())))
            .collect();
        for server in servers.iter() {
            tasks.spawn(supervisor::keep(server.clone()));
        }
        Self { servers }
    }

    /// The tools of the running servers, in the order of the file and at most [`TOOLS_MAX`].
    pub fn tools(&self) -> Vec<Arc<dyn Tool>> {
        let all = self.servers.iter().flat_map(|server| server.tools());
        all.take(TOOLS_MAX).collect()
    }

    /// Returns once every server runs or its first start has failed.
    pub async fn settled(&self) {
        for server in self.servers.iter() {
            server.settled().await;
        }
    }

    /// Returns once the servers are [`settled`](Self::settled), or after [`READY_TIMEOUT`], because
    /// a user waits for an answer.
    pub async fn ready(&self) {
        _ = tokio::time::timeout(READY_TIMEOUT, self.settled()).await;
    }

    /// The state of each server.
    pub fn states(&self) -> Vec<ToolServer> {
        self.servers.iter().map(|server| server.state()).collect()
    }
}
