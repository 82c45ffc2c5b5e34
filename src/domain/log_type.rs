//! What kind of work an entry tells of.

use super::vocabulary::vocabulary;

vocabulary! {
    /// What kind of work an entry tells of.
    LogType {
        /// A model was asked for an answer.
        AiResponse = "ai_response",
        /// A tool was run.
        ToolCall = "tool_call",
        /// A file was read, written or received.
        FileOperation = "file_operation",
        /// Something was put into service.
        Deployment = "deployment",
        /// Something went wrong outside any single step.
        Error = "error",
        /// Something worth knowing.
        Info = "info",
    }
}
