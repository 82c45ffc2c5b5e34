//! Tools of other programs, by the Model Context Protocol (modelcontextprotocol.io): the servers
//! that `mcp.json` in the data folder names are started with Holly, kept running, and stopped with
//! it; what they offer, the assistant may use.
//!
//! `config`: the file. `server`: one server's life. `connect`: reaching it. `handler`: what it may
//! tell us. `names`: what models call its tools. `tool`: one tool. `content`: what a run came to.

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

/// Most tools offered to a model from all servers together.
const TOOLS_MAX: usize = 128;
/// How long a turn waits for servers that are still starting.
const READY_WITHIN: Duration = Duration::from_secs(5);

/// The servers that are configured; cheap to clone.
#[derive(Clone, Default)]
pub struct McpServers {
    servers: Arc<[Arc<Server>]>,
}

impl McpServers {
    /// Starts a task for each server that keeps it running until `shutdown`.
    pub fn start(
        configs: Vec<ServerConfig>,
        shutdown: &CancellationToken,
        tasks: &TaskTracker,
    ) -> Self {
        let watch = TaskOwner {
            tasks: tasks.clone(),
            shutdown: shutdown.clone(),
        };
        let servers: Arc<[_]> = configs
            .into_iter()
            .map(|config| Arc::new(Server::new(config, watch.clone())))
            .collect();
        for server in servers.iter() {
            tasks.spawn(supervisor::keep(server.clone()));
        }
        Self { servers }
    }

    /// What the servers that run now offer, in the order of the file and at most [`TOOLS_MAX`].
    pub fn tools(&self) -> Vec<Arc<dyn Tool>> {
        let all = self.servers.iter().flat_map(|server| server.tools());
        all.take(TOOLS_MAX).collect()
    }

    /// Returns once every server runs, or has failed to for the first time.
    pub async fn settled(&self) {
        for server in self.servers.iter() {
            server.settled().await;
        }
    }

    /// Returns once they are [`settled`](Self::settled), or after [`READY_WITHIN`]: somebody waits
    /// for an answer.
    pub async fn ready(&self) {
        _ = tokio::time::timeout(READY_WITHIN, self.settled()).await;
    }

    /// How each server stands.
    pub fn states(&self) -> Vec<ToolServer> {
        self.servers.iter().map(|server| server.told()).collect()
    }
}
