//! A tool of a server, as a turn uses it.

use super::{content, server::Server};
use crate::{
    domain::clip_title,
    server::assistant::tool::{Progress, Tool, ToolContext, ToolDefinition, ToolError, ToolOutput},
};
use futures::{StreamExt, future::BoxFuture};
use rmcp::{
    Peer, RoleClient,
    model::{
        CallToolRequest, CallToolRequestParams, CancelledNotificationParam, ClientRequest,
        ProgressNotificationParam, RequestId, ServerResult,
    },
    service::PeerRequestOptions,
};
use serde_json::{Map, Value};
use std::{
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::sync::watch;

/// Longest description given to a model, in characters.
const DESCRIPTION_MAX_CHARS: usize = 1_024;
/// Largest JSON Schema of arguments given to a model, in bytes; a tool with a larger one is not
/// offered.
const SCHEMA_MAX_BYTES: usize = 32 * 1024;
/// Longest argument shown in a title, in characters.
const SHOWN_MAX_CHARS: usize = 80;
/// Longest note about progress, in characters.
const NOTE_MAX_CHARS: usize = 120;
/// How many times the time limit a call may take that keeps giving signs of life.
const PATIENCE_TIMES: u32 = 10;
/// How long telling a server of a cancelled call may take.
const CANCEL_WITHIN: Duration = Duration::from_secs(5);

/// A tool of a server.
pub(super) struct McpTool {
    /// The server may have gone with its configuration; its tools do not hold it.
    server: Weak<Server>,
    definition: ToolDefinition,
    /// The server's own name for it.
    own_name: String,
    /// What a person calls it.
    title: String,
    asks: bool,
}

impl McpTool {
    /// The tool as `server` describes it, under the name `name`; `None` when a model cannot be told
    /// of it.
    pub(super) fn of(server: &Arc<Server>, name: String, tool: &rmcp::model::Tool) -> Option<Self> {
        let schema = Value::Object((*tool.input_schema).clone());
        if schema.to_string().len() > SCHEMA_MAX_BYTES {
            return None;
        }
        let annotations = tool.annotations.as_ref();
        let title = tool
            .title
            .clone()
            .or_else(|| annotations.and_then(|annotations| annotations.title.clone()));
        let reads_only =
            annotations.and_then(|annotations| annotations.read_only_hint) == Some(true);
        let said = server.config.ask.get(tool.name.as_ref()).copied();
        let description = tool
            .description
            .as_deref()
            .unwrap_or_default()
            .chars()
            .take(DESCRIPTION_MAX_CHARS)
            .collect();
        Some(Self {
            server: Arc::downgrade(server),
            definition: ToolDefinition {
                name,
                description,
                schema,
            },
            own_name: tool.name.to_string(),
            title: format!(
                "{}: {}",
                server.name(),
                title.unwrap_or_else(|| tool.name.to_string())
            ),
            asks: said.unwrap_or(!server.config.trust && !reads_only),
        })
    }

    /// The name under which it is offered.
    pub(super) fn name(&self) -> &str {
        &self.definition.name
    }
}

impl Tool for McpTool {
    fn definition(&self) -> ToolDefinition {
        self.definition.clone()
    }

    fn title(&self, arguments: &Value) -> String {
        let first = arguments
            .as_object()
            .and_then(|named| named.values().find_map(Value::as_str))
            .unwrap_or_default();
        let shown: String = first.chars().take(SHOWN_MAX_CHARS).collect();
        clip_title(&if shown.trim().is_empty() {
            self.title.clone()
        } else {
            format!("{}, {shown}", self.title)
        })
    }

    fn asks_first(&self, _: &Value) -> bool {
        self.asks
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
            let server = server
                .ok_or_else(|| ToolError::Failed("The server of this tool is gone.".to_owned()))?;
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
            let answer = context
                .unless_cancelled(ask(&server, call, &context.progress))
                .await?;
            content::output(&server.config, &title, answer)
        })
    }
}

/// Calls a tool, passes its progress on and waits for its answer. Dropped before that, it tells the
/// server to stop.
async fn ask(
    server: &Arc<Server>,
    call: CallToolRequestParams,
    progress: &watch::Sender<Progress>,
) -> Result<rmcp::model::CallToolResult, ToolError> {
    let failed = |why: String| {
        ToolError::Failed(format!(
            "{}: {}",
            server.name(),
            server.config.conceal(&why)
        ))
    };
    let peer = server
        .peer()
        .map_err(|why| failed(format!("the server does not run: {why}")))?;
    let limit = server.config.timeout;
    let options = PeerRequestOptions::with_timeout(limit)
        .reset_timeout_on_progress()
        .with_max_total_timeout(limit * PATIENCE_TIMES);
    let request = ClientRequest::CallToolRequest(CallToolRequest::new(call));
    let handle = peer
        .send_cancellable_request(request, options)
        .await
        .map_err(|why| failed(why.to_string()))?;
    let mut call = Call {
        server: server.clone(),
        peer,
        id: Some(handle.id.clone()),
    };
    let mut news = server
        .progress
        .subscribe(handle.progress_token.clone())
        .await;
    let follow = async {
        while let Some(step) = news.next().await {
            progress.send_modify(|shown| *shown = further(shown, &step));
        }
        std::future::pending().await
    };
    let answer = tokio::select! {
        answer = handle.await_response() => answer,
        never = follow => never,
    };
    call.id = None;
    match answer.map_err(|why| failed(why.to_string()))? {
        ServerResult::CallToolResult(result) => Ok(result),
        _ => Err(failed(
            "the server answered with something that is not the result of a tool".to_owned(),
        )),
    }
}

/// How far a call is: never back, and never whole before its answer is there.
fn further(shown: &Progress, step: &ProgressNotificationParam) -> Progress {
    let part = step
        .total
        .filter(|total| *total > 0.0)
        .map(|total| (step.progress / total * 100.0).clamp(0.0, 99.0) as u8);
    let note = step
        .message
        .as_ref()
        .map(|said| said.chars().take(NOTE_MAX_CHARS).collect());
    Progress {
        percent: part.max(shown.percent),
        note: note.or_else(|| shown.note.clone()),
    }
}

/// A call on its way: when it is dropped before its answer came, the server is told.
struct Call {
    server: Arc<Server>,
    peer: Peer<RoleClient>,
    id: Option<RequestId>,
}

impl Drop for Call {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let cancelled =
            CancelledNotificationParam::new(Some(id), Some("the person stopped it".to_owned()));
        let peer = self.peer.clone();
        self.server.watch.tasks.spawn(async move {
            if !matches!(
                tokio::time::timeout(CANCEL_WITHIN, peer.notify_cancelled(cancelled)).await,
                Ok(Ok(()))
            ) {
                tracing::debug!("an MCP server could not be told that a call was cancelled");
            }
        });
    }
}
