//! Standing tool approvals, and MCP servers.

use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A tool that the user always allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolGrant {
    /// The MCP server that offers it; empty for Holly's own tools.
    #[serde(default)]
    pub server: String,
    /// The tool's name as models call it.
    pub tool: String,
    /// When it was allowed.
    pub granted_at: Timestamp,
}

/// An MCP server whose tools the assistant may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolServer {
    /// Its name in `mcp.json`.
    pub name: String,
    /// The number of tools it offers.
    pub tools: usize,
    /// The id of its process, if Holly started one.
    pub process: Option<u32>,
    /// Why it is unavailable, if it is.
    pub trouble: Option<String>,
    /// Which of its tools and settings are not used, and why.
    pub notes: Vec<String>,
}
