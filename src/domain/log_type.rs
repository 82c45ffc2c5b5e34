//! The kinds of work.

use super::vocabulary::vocabulary;

vocabulary! {
    /// The kind of work of an entry.
    LogType {
        /// A model call.
        AiResponse = "ai_response",
        /// A tool call.
        ToolCall = "tool_call",
        /// A file was read, written or received.
        FileOperation = "file_operation",
        /// A deployment.
        Deployment = "deployment",
        /// A failure outside any single step.
        Error = "error",
        /// A note.
        Info = "info",
    }
}
