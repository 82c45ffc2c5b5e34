//! The tools of the assistant and their registry. `services` are real ones; `demo` shows shipped
//! samples instead.

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

/// The available tools, in the order in which models see them.
#[derive(Clone)]
pub struct Registry {
    tools: Vec<Arc<dyn Tool>>,
    servers: McpServers,
    /// The email address of the user whose tools these are; without one, those for everybody.
    email: Option<String>,
}

impl Registry {
    /// A registry of these tools.
    pub fn new(tools: Vec<Arc<dyn Tool>>) -> Self {
        Self {
            tools,
            servers: McpServers::default(),
            email: None,
        }
    }

    /// The tools of the settings, and notes. Errors: the TLS library cannot be set up.
    pub fn from_config(config: &ServiceConfig, poll: PollConfig) -> Result<Self, reqwest::Error> {
        let mut tools = services::tools(config, poll)?;
        tools.push(Arc::new(note::NoteTool));
        Ok(Self::new(tools))
    }

    /// The demo tools and notes: no network, no keys.
    pub fn demo() -> Self {
        Self::new(vec![
            Arc::new(DemoTool(Media::Image)),
            Arc::new(DemoTool(Media::Music)),
            Arc::new(DemoTool(Media::Video)),
            Arc::new(note::NoteTool),
        ])
    }

    /// Adds the tools of these MCP servers while they run.
    pub fn with_servers(self, servers: McpServers) -> Self {
        let own = self.tools.iter().map(|tool| tool.definition().name);
        Self {
            servers: servers.reserving(own.collect()),
            ..self
        }
    }

    /// The tools that the user with this email address may use.
    pub fn for_user(&self, email: Option<String>) -> Self {
        Self {
            email,
            ..self.clone()
        }
    }

    /// The MCP servers.
    pub const fn servers(&self) -> &McpServers {
        &self.servers
    }

    /// Finds a tool by name; Holly's own tools come before those of servers.
    pub fn find(&self, name: &str) -> Option<Arc<dyn Tool>> {
        let matches = |tool: &Arc<dyn Tool>| tool.definition().name == name;
        self.tools
            .iter()
            .find(|tool| matches(tool))
            .cloned()
            .or_else(|| self.server_tools().into_iter().find(matches))
    }

    fn server_tools(&self) -> Vec<Arc<dyn Tool>> {
        self.servers.tools(self.email.as_deref())
    }

    /// The definitions of all tools for models.
    pub fn definitions(&self) -> Vec<ToolDefinition> {
        let mut definitions: Vec<ToolDefinition> =
            self.tools.iter().map(|tool| tool.definition()).collect();
        for tool in self.server_tools() {
            let definition = tool.definition();
            if definitions
                .iter()
                .all(|known| known.name != definition.name)
            {
                definitions.push(definition);
            }
        }
        definitions
    }
}
