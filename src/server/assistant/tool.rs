//! What a tool is to the turn that calls it: a definition for the model, a title for the work log
//! and a run that reports progress and can be stopped. The tools themselves live in
//! [`super::tools`].

use futures::future::BoxFuture;
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Longest title, in characters: the most a work log entry's title may hold.
pub const TITLE_MAX_CHARS: usize = 200;

/// What a model is told about a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolDefinition {
    /// The name by which the model calls it, such as `generate_image`.
    pub name: String,
    /// What it does and when to use it, in a sentence or two.
    pub description: String,
    /// JSON Schema of the arguments object.
    pub schema: Value,
}

/// How far a run is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// 0 to 100, where it is known.
    pub percent: Option<u8>,
    /// What it is at, in a few words: "third in the queue".
    pub note: Option<String>,
}

/// What a run gets from the turn that started it.
#[derive(Clone, Debug)]
pub struct ToolContext {
    /// Where the run says how far it is.
    pub progress: watch::Sender<Progress>,
    /// Cancelled when the person stops the turn.
    pub cancel: CancellationToken,
    /// Factor on a demo tool's waits: 1 is as usual, 0 waits for nothing.
    pub pace: f64,
    /// Where a run leaves what must still be done after it was given up; waited for when the server
    /// ends.
    pub tasks: TaskTracker,
}

impl ToolContext {
    /// What `work` comes to, or [`ToolError::Cancelled`] as soon as the turn is stopped; then
    /// `work` is dropped.
    pub async fn unless_cancelled<T>(
        &self,
        work: impl Future<Output = Result<T, ToolError>>,
    ) -> Result<T, ToolError> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(ToolError::Cancelled),
            done = work => done,
        }
    }
}

/// A file that a run made.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducedFile {
    /// The content.
    pub bytes: Vec<u8>,
    /// Its media type, such as `image/svg+xml`.
    pub media_type: &'static str,
    /// A file name with extension, of ASCII letters, digits, dashes and dots.
    pub name: String,
    /// One line a person reads beside the file or hears instead of it.
    pub description: String,
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolOutput {
    /// What the model is told.
    pub text: String,
    /// What a person sees on opening the work log entry.
    pub details: Option<String>,
    /// The files made, in the order to show them.
    pub files: Vec<ProducedFile>,
}

/// Why a run came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// The model's arguments cannot be used; the text names the argument and what it may be.
    #[error("{0}")]
    BadArguments(String),
    /// The work itself failed; a sentence for the person and the model.
    #[error("{0}")]
    Failed(String),
    /// The person did not let it run; a sentence for the model.
    #[error("{0}")]
    Refused(String),
    /// The turn was stopped while the tool worked.
    #[error("stopped")]
    Cancelled,
}

/// Something that the assistant can do beside talking.
pub trait Tool: Send + Sync {
    /// What the model is told about it.
    fn definition(&self) -> ToolDefinition;

    /// One line for the work log, at most [`TITLE_MAX_CHARS`] characters. Arguments may be anything
    /// a model wrote.
    fn title(&self, arguments: &Value) -> String;

    /// Whether the person must allow this run first, because it writes or sends something.
    fn asks_first(&self, _arguments: &Value) -> bool {
        false
    }

    /// Does the work. Progress never goes back.
    fn run(
        &self,
        arguments: Value,
        context: ToolContext,
    ) -> BoxFuture<'static, Result<ToolOutput, ToolError>>;
}
