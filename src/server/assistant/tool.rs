//! The interface of tools: a definition for the model, a title for the work log, and a run that
//! reports progress and can be cancelled. The tools are in [`super::tools`].

use futures::future::BoxFuture;
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Maximum length of a title, in characters: that of a work log entry.
pub const TITLE_MAX_CHARS: usize = 200;

/// The description of a tool for models.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolDefinition {
    /// The name by which the model calls it, such as `generate_image`.
    pub name: String,
    /// What it does and when to use it, in a sentence or two.
    pub description: String,
    /// JSON Schema of the arguments object.
    pub schema: Value,
}

/// The progress of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// 0 to 100, if known.
    pub percent: Option<u8>,
    /// The current step in a few words: "third in the queue".
    pub note: Option<String>,
}

/// The context of a run.
#[derive(Clone, Debug)]
pub struct ToolContext {
    /// Receives progress.
    pub progress: watch::Sender<Progress>,
    /// Cancelled when the user stops the turn.
    pub cancel: CancellationToken,
    /// Factor on a demo tool's delays: 1 is normal, 0 is no delay.
    pub delay_factor: f64,
    /// For tasks that clean up after a cancelled run; they are waited for at shutdown.
    pub tasks: TaskTracker,
}

impl ToolContext {
    /// Runs `work`; when the turn is stopped, drops it and returns [`ToolError::Cancelled`].
    pub async fn unless_cancelled<T>(
        &self,
        work: impl Future<Output = Result<T, ToolError>>,
    ) -> Result<T, ToolError> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(ToolError::Cancelled),
            result = work => result,
        }
    }
}

/// A file made by a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducedFile {
    /// The content.
    pub bytes: Vec<u8>,
    /// Its media type, such as `image/svg+xml`.
    pub media_type: &'static str,
    /// A file name with extension, of ASCII letters, digits, dashes and dots.
    pub name: String,
    /// One line as a caption and text alternative.
    pub description: String,
}

/// The result of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolOutput {
    /// The result for the model.
    pub text: String,
    /// The details of the work log entry.
    pub details: Option<String>,
    /// The files made, in display order.
    pub files: Vec<ProducedFile>,
}

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// Invalid arguments; the text names the argument and the valid values.
    #[error("{0}")]
    BadArguments(String),
    /// The work failed; a sentence for the user and the model.
    #[error("{0}")]
    Failed(String),
    /// The user did not allow it; a sentence for the model.
    #[error("{0}")]
    Refused(String),
    /// The turn was stopped while the tool ran.
    #[error("stopped")]
    Cancelled,
}

/// A tool of the assistant.
pub trait Tool: Send + Sync {
    /// The description for models.
    fn definition(&self) -> ToolDefinition;

    /// The MCP server that offers it; empty for Holly's own tools.
    fn server(&self) -> &str {
        ""
    }

    /// What its server says about its effects; null if nothing.
    fn hints(&self) -> Value {
        Value::Null
    }

    /// A title for the work log, at most [`TITLE_MAX_CHARS`] characters. Arguments may be anything
    /// a model wrote.
    fn title(&self, arguments: &Value) -> String;

    /// Whether the user must approve this run, because it writes or sends something.
    fn needs_approval(&self, _arguments: &Value) -> bool {
        false
    }

    /// Runs the tool. Progress never goes back.
    fn run(
        &self,
        arguments: Value,
        context: ToolContext,
    ) -> BoxFuture<'static, Result<ToolOutput, ToolError>>;
}
