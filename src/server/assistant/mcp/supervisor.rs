//! Keeps a server running: connects, lists its tools, reconnects when it ends, and stops it with
//! Holly.

use super::{
    connect::{Connected, connect},
    handler::Handler,
    names,
    server::{Server, ServerStatus},
    tool::McpTool,
};
use crate::server::{assistant::tool::Tool, base::log_targets};
use rmcp::{Peer, RoleClient};
use std::{collections::HashSet, sync::Arc, time::Duration};
use tokio::{sync::Notify, time::timeout};

/// Maximum number of tools of one server.
const TOOLS_MAX: usize = 64;
/// Timeout of listing a server's tools.
const LIST_TIMEOUT: Duration = Duration::from_secs(20);
/// Timeout of stopping a server; Holly's shutdown waits no longer.
const STOP_TIMEOUT: Duration = Duration::from_secs(8);
/// Delay before a server is restarted: the first one, doubled each time up to the last one.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));
/// A server that has run this long restarts with the first delay again.
const BACKOFF_RESET_AFTER: Duration = Duration::from_secs(60);

/// Keeps a server running until shutdown.
pub(super) async fn keep(server: Arc<Server>) {
    let mut wait = BACKOFF.0;
    while !server.owner.shutdown.is_cancelled() {
        let started = tokio::time::Instant::now();
        let reason = tokio::select! {
            () = server.owner.shutdown.cancelled() => return,
            connected = start(&server) => match connected {
                Ok((connected, changed)) => run(&server, connected, &changed).await,
                Err(reason) => reason,
            },
        };
        if server.owner.shutdown.is_cancelled() {
            return;
        }
        tracing::warn!(
            target: log_targets::ASSISTANT_MCP_SUPERVISOR,
            server = server.name(),
            why = reason,
            "an MCP server is down; restarting it"
        );
        server.status.send_replace(ServerStatus::Down { reason });
        wait = if started.elapsed() >= BACKOFF_RESET_AFTER {
            BACKOFF.0
        } else {
            wait
        };
        tokio::select! {
            () = server.owner.shutdown.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        wait = (wait * 2).min(BACKOFF.1);
    }
}

async fn start(server: &Arc<Server>) -> Result<(Connected, Arc<Notify>), String> {
    let changed = Arc::new(Notify::new());
    let handler = Handler {
        progress: server.progress.clone(),
        changed: changed.clone(),
    };
    Ok((
        connect(&server.config, handler, &server.owner).await?,
        changed,
    ))
}

/// Serves a connection until it ends or Holly shuts down. Returns why it ended.
async fn run(
    server: &Arc<Server>,
    Connected {
        connection,
        process,
    }: Connected,
    changed: &Notify,
) -> String {
    let peer = connection.peer().clone();
    let stop = connection.cancellation_token();
    let mut ended = Box::pin(connection.waiting());
    let reason = loop {
        let listed = tokio::select! {
            () = server.owner.shutdown.cancelled() => break "Holly ends".to_owned(),
            _ = &mut ended => return "it ended".to_owned(),
            listed = list_tools(server, &peer) => listed,
        };
        match listed {
            Ok(tools) => drop(server.status.send_replace(ServerStatus::Ready {
                peer: peer.clone(),
                tools,
                process,
            })),
            Err(reason) => break reason,
        }
        tokio::select! {
            () = server.owner.shutdown.cancelled() => break "Holly ends".to_owned(),
            _ = &mut ended => return "it ended".to_owned(),
            () = changed.notified() => {}
        }
    };
    stop.cancel();
    if timeout(STOP_TIMEOUT, ended).await.is_err() {
        tracing::warn!(
            target: log_targets::ASSISTANT_MCP_SUPERVISOR,
            server = server.name(),
            "an MCP server took too long to stop; killing it"
        );
    }
    reason
}

async fn list_tools(
    server: &Arc<Server>,
    peer: &Peer<RoleClient>,
) -> Result<Vec<Arc<dyn Tool>>, String> {
    let listed = timeout(LIST_TIMEOUT, peer.list_all_tools()).await;
    let listed = listed.map_err(|_| {
        format!(
            "it did not list its tools within {} s",
            LIST_TIMEOUT.as_secs()
        )
    })?;
    let listed = listed.map_err(|error| {
        server
            .config
            .mask_secrets(&format!("it did not list its tools: {error}"))
    })?;
    let (all, mut names) = (listed.len(), HashSet::new());
    let tools = listed.into_iter().filter_map(|tool| {
        let name = names::model_name(server.name(), &tool.name);
        McpTool::new(server, name, &tool)
    });
    let tools: Vec<_> = tools
        .filter(|tool| names.insert(tool.name().to_owned()))
        .take(TOOLS_MAX)
        .map(|tool| Arc::new(tool) as Arc<dyn Tool>)
        .collect();
    if tools.len() < all {
        tracing::warn!(
            target: log_targets::ASSISTANT_MCP_SUPERVISOR,
            server = server.name(),
            left_out = all - tools.len(),
            "some tools of an MCP server are not offered"
        );
    }
    tracing::info!(
        target: log_targets::ASSISTANT_MCP_SUPERVISOR,
        server = server.name(),
        tools = tools.len(),
        "an MCP server is ready"
    );
    Ok(tools)
}
