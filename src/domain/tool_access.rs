//! Which tools run without asking, and the programs that offer tools.

use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A tool that runs without asking, because its owner said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolGrant {
    /// The tool's name, as models call it.
    pub tool: String,
    /// When it was said.
    pub granted_at: Timestamp,
}

/// A program whose tools the assistant may use, by the Model Context Protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolServer {
    /// Its name in `mcp.json`.
    pub name: String,
    /// How many tools it offers now.
    pub tools: usize,
    /// Its process, where Holly has started one.
    pub process: Option<u32>,
    /// Why it does not run, where it does not.
    pub trouble: Option<String>,
}
