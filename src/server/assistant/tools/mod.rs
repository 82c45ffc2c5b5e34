//! The tools that the assistant has, and the register in which a turn finds them by name.
//! `services` are real ones; `demo` shows shipped samples in their place.

mod arguments;
pub mod demo;
mod media;
mod note;
mod prompt;
pub mod services;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::{
    mcp::McpServers,
    tool::{Tool, ToolDefinition},
};
use demo::DemoTool;
use media::Media;
use services::{fal::PollConfig, settings::ServiceConfig};

/// The tools on offer, in the order in which a model is told of them.
#[derive(Clone)]
pub struct Registry {
    tools: Vec<Arc<dyn Tool>>,
    servers: McpServers,
}

impl Registry {
    /// These tools.
    pub fn of(tools: Vec<Arc<dyn Tool>>) -> Self {
        Self {
            tools,
            servers: McpServers::default(),
        }
    }

    /// The tools that the settings name, and notes. Errors: the TLS library cannot be set up.
    pub fn open(config: &ServiceConfig, asking: PollConfig) -> Result<Self, reqwest::Error> {
        let mut tools = services::tools(config, asking)?;
        tools.push(Arc::new(note::NoteTool));
        Ok(Self::of(tools))
    }

    /// The samples of the demo in place of pictures, music and films, and notes: no network, no
    /// keys.
    pub fn demo() -> Self {
        Self::of(vec![
            Arc::new(DemoTool(Media::Image)),
            Arc::new(DemoTool(Media::Music)),
            Arc::new(DemoTool(Media::Video)),
            Arc::new(note::NoteTool),
        ])
    }

    /// These, and behind them what the servers offer while they run.
    pub fn with_servers(self, servers: McpServers) -> Self {
        Self { servers, ..self }
    }

    /// The servers behind them.
    pub const fn servers(&self) -> &McpServers {
        &self.servers
    }

    /// The tool of that name, if there is one; Holly's own goes before a server's.
    pub fn find(&self, name: &str) -> Option<Arc<dyn Tool>> {
        let named = |tool: &Arc<dyn Tool>| tool.definition().name == name;
        self.tools
            .iter()
            .find(|tool| named(tool))
            .cloned()
            .or_else(|| self.servers.tools().into_iter().find(named))
    }

    /// What a model is told about each tool.
    pub fn definitions(&self) -> Vec<ToolDefinition> {
        let mut definitions: Vec<ToolDefinition> =
            self.tools.iter().map(|tool| tool.definition()).collect();
        for tool in self.servers.tools() {
            let offered = tool.definition();
            if definitions.iter().all(|known| known.name != offered.name) {
                definitions.push(offered);
            }
        }
        definitions
    }
}
