//! Tools of MCP servers (Model Context Protocol, modelcontextprotocol.io). The servers listed in
//! `mcp.json` in the data folder are started with Holly, kept running, and stopped with it.
//!
//! `config`: the file, read with `fields`, `variables` and `jsonc`. `server`: the state of a
//! server. `supervisor`: keeps it running. `connect`: its connection. `handler`: its notifications.
//! `listing`: its list of tools. `names`: tool names for models. `tool`: a tool. `content`: the
//! results.

#[cfg(test)]
mod client_files;
mod config;
mod connect;
mod content;
mod fields;
mod handler;
mod jsonc;
mod listing;
mod names;
mod server;
mod supervisor;
#[cfg(test)]
mod tests;
mod tool;
mod variables;

use super::tool::Tool;
use crate::domain::ToolServer;
use connect::TaskOwner;
use server::{ListedTool, Server};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use config::{LeftOutServer, ServerConfig, ServerList, read};

/// Maximum number of tools offered to a model from all servers together.
const TOOLS_MAX: usize = 128;
/// How long a turn waits for servers that are still starting.
const READY_TIMEOUT: Duration = Duration::from_secs(5);

/// The configured servers; cheap to clone.
#[derive(Clone, Default)]
pub struct McpServers {
    servers: Arc<[Arc<Server>]>,
    left_out: Arc<[LeftOutServer]>,
    /// Names of Holly's own tools.
    reserved: Arc<[String]>,
}

/// The tools of a server that are offered, and those that are not because of their names.
struct Offer<'a> {
    server: &'a Arc<Server>,
    tools: Vec<ListedTool>,
    clashes: Vec<String>,
}

impl McpServers {
    /// Spawns a task per server that keeps it running until `shutdown`.
    pub fn start(
        ServerList { servers, left_out }: ServerList,
        shutdown: &CancellationToken,
        tasks: &TaskTracker,
    ) -> Self {
        let owner = TaskOwner {
            tasks: tasks.clone(),
            shutdown: shutdown.clone(),
        };
        for LeftOutServer { name, reason } in &left_out {
            tracing::warn!(server = name, why = reason, "an MCP server is left out");
        }
        for server in &servers {
            for note in &server.notes {
                tracing::warn!(server = server.name, note, "settings of an MCP server");
            }
        }
        let servers: Arc<[_]> = servers
            .into_iter()
            .map(|config| Arc::new(Server::new(config, owner.clone())))
            .collect();
        for server in servers.iter() {
            tasks.spawn(supervisor::keep(server.clone()));
        }
        let started = Self {
            servers,
            left_out: left_out.into(),
            reserved: Arc::default(),
        };
        tasks.spawn(started.clone().log_clashes(shutdown.clone()));
        started
    }

    /// Leaves out tools with these names, which are Holly's own.
    pub fn reserving(self, names: Vec<String>) -> Self {
        Self {
            reserved: names.into(),
            ..self
        }
    }

    /// Whether a server is for some users only.
    pub fn is_restricted(&self) -> bool {
        self.servers
            .iter()
            .any(|server| server.config.people.is_some())
    }

    /// The tools of the running servers for the user with this email address, in the order of the
    /// servers and at most [`TOOLS_MAX`].
    pub fn tools(&self, email: Option<&str>) -> Vec<Arc<dyn Tool>> {
        self.offers()
            .into_iter()
            .filter(|offer| offer.server.config.is_open_to(email))
            .flat_map(|offer| offer.tools)
            .map(|listed| listed.tool)
            .take(TOOLS_MAX)
            .collect()
    }

    /// Of tools with one name, the first server's is offered, and none while that server is down:
    /// a name never changes its meaning.
    fn offers<'a>(&'a self) -> Vec<Offer<'a>> {
        let own = "Holly";
        let mut owners: HashMap<String, &str> = self
            .reserved
            .iter()
            .map(|name| (name.clone(), own))
            .collect();
        let offer = |server: &'a Arc<Server>| {
            let (mut tools, mut clashes) = (Vec::new(), Vec::new());
            for tool in Server::tools(server) {
                match owners.get(&tool.name) {
                    Some(owner) => clashes.push(clash(server, &tool, owner)),
                    None => tools.push(tool),
                }
            }
            for name in server.names() {
                owners.entry(name).or_insert_with(|| server.name());
            }
            Offer {
                server,
                tools,
                clashes,
            }
        };
        self.servers.iter().map(offer).collect()
    }

    /// Returns once every server runs or its first start has failed.
    pub async fn settled(&self) {
        for server in self.servers.iter() {
            server.settled().await;
        }
    }

    /// Logs which tools are left out because of their names, once every server has started.
    async fn log_clashes(self, shutdown: CancellationToken) {
        if shutdown.run_until_cancelled(self.settled()).await.is_none() {
            return;
        }
        for offer in self.offers() {
            for clash in offer.clashes {
                tracing::warn!(server = offer.server.name(), clash, "a tool is left out");
            }
        }
    }

    /// Returns once the servers are [`settled`](Self::settled), or after [`READY_TIMEOUT`], because
    /// a user waits for an answer.
    pub async fn ready(&self) {
        _ = tokio::time::timeout(READY_TIMEOUT, self.settled()).await;
    }

    /// The state of each server, also of those that are left out.
    pub fn states(&self) -> Vec<ToolServer> {
        let running = self
            .offers()
            .into_iter()
            .map(|offer| offer.server.state(offer.tools.len(), offer.clashes));
        let left_out = self.left_out.iter().map(|server| ToolServer {
            name: server.name.clone(),
            tools: 0,
            process: None,
            trouble: Some(format!("left out: it {}", server.reason)),
            notes: Vec::new(),
        });
        running.chain(left_out).collect()
    }
}

fn clash(server: &Server, tool: &ListedTool, owner: &str) -> String {
    format!(
        "{}: left out, models call it {}, which is a tool of {owner} already; \
         rename {} in mcp.json",
        tool.own_name,
        tool.name,
        server.name()
    )
}
