//! A tool of an MCP server.

use super::{
    content::{self, ToolResult},
    server::Server,
};
use crate::{
    domain::clip_title,
    server::{
        assistant::tool::{Progress, Tool, ToolContext, ToolDefinition, ToolError, ToolOutput},
        base::visible::visible,
    },
};
use futures::{StreamExt, future::BoxFuture};
use rmcp::{
    Peer, RoleClient,
    model::{
        CallToolRequest, CallToolRequestParams, CancelledNotificationParam, ClientRequest,
        CustomResult, ProgressNotificationParam, RequestId, ServerResult,
    },
    service::PeerRequestOptions,
};
use serde_json::{Map, Value};
use std::{
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::sync::watch;

/// Maximum length of a description for models, in characters.
const DESCRIPTION_MAX_CHARS: usize = 1_024;
/// Maximum size of a tool's JSON Schema, in bytes; a tool with a larger one is not offered.
const SCHEMA_MAX_BYTES: usize = 32 * 1024;
/// Maximum length of an argument in a title, in characters.
const ARGUMENT_MAX_CHARS: usize = 80;
/// Maximum length of a progress note, in characters.
const NOTE_MAX_CHARS: usize = 120;
/// The total time limit of a call that reports progress, as a multiple of the limit without.
const TOTAL_TIMEOUT_FACTOR: u32 = 10;
/// Timeout of notifying a server of a cancelled call.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

/// A tool of an MCP server.
pub(super) struct McpTool {
    /// Weak, because the server owns its tools.
    server: Weak<Server>,
    server_name: String,
    definition: ToolDefinition,
    /// The annotations as the server sent them.
    hints: Value,
    /// The server's own name for the tool.
    own_name: String,
    /// The display name.
    title: String,
    needs_approval: bool,
}

impl McpTool {
    /// Adapts a tool of `server` under the name `name`. Errors: its schema is too large for models.
    pub(super) fn new(
        server: &Arc<Server>,
        name: String,
        tool: &rmcp::model::Tool,
    ) -> Result<Self, String> {
        let schema = Value::Object((*tool.input_schema).clone());
        let bytes = schema.to_string().len();
        if bytes > SCHEMA_MAX_BYTES {
            return Err(format!(
                "its inputSchema has {bytes} bytes; the maximum is {SCHEMA_MAX_BYTES}"
            ));
        }
        let annotations = tool.annotations.as_ref();
        let title = tool
            .title
            .clone()
            .or_else(|| annotations.and_then(|annotations| annotations.title.clone()));
        // a hint of the server about itself, which counts only if the operator says so
        let read_only = server.config.trust_hints
            && annotations.and_then(|annotations| annotations.read_only_hint) == Some(true);
        let configured = server.config.ask.get(tool.name.as_ref()).copied();
        let description = tool
            .description
            .as_deref()
            .unwrap_or_default()
            .chars()
            .take(DESCRIPTION_MAX_CHARS)
            .collect();
        Ok(Self {
            server: Arc::downgrade(server),
            server_name: server.name().to_owned(),
            definition: ToolDefinition {
                name,
                description,
                schema,
            },
            hints: serde_json::to_value(annotations).unwrap_or_default(),
            own_name: tool.name.to_string(),
            title: format!(
                "{}: {}",
                server.name(),
                visible(&title.unwrap_or_else(|| tool.name.to_string()))
            ),
            needs_approval: configured.unwrap_or(!server.config.trust && !read_only),
        })
    }
}

impl Tool for McpTool {
    fn definition(&self) -> ToolDefinition {
        self.definition.clone()
    }

    fn server(&self) -> &str {
        &self.server_name
    }

    fn hints(&self) -> Value {
        self.hints.clone()
    }

    fn title(&self, arguments: &Value) -> String {
        let first = arguments
            .as_object()
            .and_then(|arguments| arguments.values().find_map(Value::as_str))
            .unwrap_or_default();
        let shown: String = first.chars().take(ARGUMENT_MAX_CHARS).collect();
        clip_title(&if shown.trim().is_empty() {
            self.title.clone()
        } else {
            format!("{}, {shown}", self.title)
        })
    }

    fn needs_approval(&self, _: &Value) -> bool {
        self.needs_approval
    }

    fn run(
        &self,
        arguments: Value,
        context: ToolContext,
    ) -> BoxFuture<'static, Result<ToolOutput, ToolError>> {
        let (server, own_name, title) = (
            self.server.upgrade(),
            self.own_name.clone(),
            self.title.clone(),
        );
        Box::pin(async move {
            let server = server.ok_or_else(|| {
                ToolError::Failed("The MCP server of this tool is not running.".to_owned())
            })?;
            let arguments = match arguments {
                Value::Object(arguments) => arguments,
                Value::Null => Map::new(),
                _ => {
                    return Err(ToolError::BadArguments(
                        "the arguments must be a JSON object".to_owned(),
                    ));
                }
            };
            let call = CallToolRequestParams::new(own_name).with_arguments(arguments);
            let result = context
                .unless_cancelled(call_tool(&server, call, &context.progress))
                .await?;
            content::output(&server.config, &title, result)
        })
    }
}

/// Calls a tool, forwards its progress and waits for its result. If dropped earlier, the server is
/// notified of the cancellation.
async fn call_tool(
    server: &Arc<Server>,
    call: CallToolRequestParams,
    progress: &watch::Sender<Progress>,
) -> Result<ToolResult, ToolError> {
    let failed = |error: String| {
        ToolError::Failed(format!(
            "{}: {}",
            server.name(),
            server.config.mask_secrets(&error)
        ))
    };
    let peer = server
        .peer()
        .map_err(|reason| failed(format!("the server does not run: {reason}")))?;
    let limit = server.config.timeout;
    let options = PeerRequestOptions::with_timeout(limit)
        .reset_timeout_on_progress()
        .with_max_total_timeout(limit * TOTAL_TIMEOUT_FACTOR);
    let request = ClientRequest::CallToolRequest(CallToolRequest::new(call));
    let handle = peer
        .send_cancellable_request(request, options)
        .await
        .map_err(|error| failed(error.to_string()))?;
    let mut pending = PendingCall {
        server: server.clone(),
        peer,
        id: Some(handle.id.clone()),
    };
    let mut notifications = server
        .progress
        .subscribe(handle.progress_token.clone())
        .await;
    let forward = async {
        while let Some(step) = notifications.next().await {
            progress.send_modify(|current| *current = advance(current, &step));
        }
        std::future::pending().await
    };
    let result = tokio::select! {
        result = handle.await_response() => result,
        never = forward => never,
    };
    pending.id = None;
    match result.map_err(|error| failed(error.to_string()))? {
        ServerResult::CallToolResult(result) => Ok(result.into()),
        // with one block that cannot be read, the result is none that the library knows
        ServerResult::CustomResult(CustomResult(result)) => content::parse(&result)
            .ok_or_else(|| failed("the server's response is not a tool result".to_owned())),
        _ => Err(failed(
            "the server's response is not a tool result".to_owned(),
        )),
    }
}

/// The next progress: it never goes back, and is below 100 % before the result is there.
fn advance(current: &Progress, step: &ProgressNotificationParam) -> Progress {
    let percent = step
        .total
        .filter(|total| *total > 0.0)
        .map(|total| (step.progress / total * 100.0).clamp(0.0, 99.0) as u8);
    let note = step
        .message
        .as_ref()
        .map(|message| message.chars().take(NOTE_MAX_CHARS).collect());
    Progress {
        percent: percent.max(current.percent),
        note: note.or_else(|| current.note.clone()),
    }
}

/// A call without a result yet; dropping it notifies the server of the cancellation.
struct PendingCall {
    server: Arc<Server>,
    peer: Peer<RoleClient>,
    id: Option<RequestId>,
}

impl Drop for PendingCall {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let cancelled =
            CancelledNotificationParam::new(Some(id), Some("the user stopped it".to_owned()));
        let peer = self.peer.clone();
        self.server.owner.tasks.spawn(async move {
            if !matches!(
                tokio::time::timeout(CANCEL_TIMEOUT, peer.notify_cancelled(cancelled)).await,
                Ok(Ok(()))
            ) {
                tracing::debug!("an MCP server could not be notified of a cancelled call");
            }
        });
    }
}
