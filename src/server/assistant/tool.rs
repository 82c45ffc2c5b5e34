//! What a tool is: a name, a schema, and work that reports progress and can be stopped. Adding one is one file.

use futures::future::BoxFuture;
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How a tool is offered to a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolDefinition {
    /// Its name, such as `generate_image`.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON schema of its arguments.
    pub schema: Value,
}

/// What a tool works with.
pub struct ToolContext {
    /// How far it has come, 0 to 100.
    pub progress: watch::Sender<u8>,
    /// Cancelled when the turn is stopped.
    pub cancel: CancellationToken,
    /// Factor on the waits of demo producers: 1 as usual, 0 none.
    pub pace: f64,
}

/// A file that a tool made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducedFile {
    /// The file itself.
    pub bytes: Vec<u8>,
    /// IANA media type.
    pub media_type: &'static str,
    /// The name offered when it is saved.
    pub name: String,
    /// What it shows, for those who do not see or hear it.
    pub description: String,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolOutput {
    /// What the model is told.
    pub text: String,
    /// What a reader sees when the entry is opened.
    pub details: Option<String>,
    /// What was made.
    pub files: Vec<ProducedFile>,
}

/// Why a tool did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// The arguments are not what the schema says.
    #[error("{0}")]
    BadArguments(String),
    /// It could not be done.
    #[error("{0}")]
    Failed(String),
    /// The turn was stopped.
    #[error("stopped")]
    Cancelled,
}

/// Something a model can have done.
pub trait Tool: Send + Sync {
    /// How it is offered.
    fn definition(&self) -> ToolDefinition;

    /// The entry's title: `Image: a lighthouse at dusk`; one line, at most 200 characters.
    fn title(&self, arguments: &Value) -> String;

    /// Does it.
    fn run(&self, arguments: Value, context: ToolContext) -> BoxFuture<'static, Result<ToolOutput, ToolError>>;
}
