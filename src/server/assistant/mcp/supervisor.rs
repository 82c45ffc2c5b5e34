//! Keeps a server running: connects, lists its tools, connects again when it ends, and stops it with
//! Holly.

use super::{
    connect::{Connected, connect},
    handler::Handler,
    names,
    server::{Server, ServerState},
    tool::McpTool,
};
use crate::server::{assistant::tool::Tool, base::log_targets};
use rmcp::{Peer, RoleClient};
use std::{collections::HashSet, sync::Arc, time::Duration};
use tokio::{sync::Notify, time::timeout};

/// Most tools taken from one server.
const TOOLS_MAX: usize = 64;
/// How long a server may take to list its tools.
const LIST_WITHIN: Duration = Duration::from_secs(20);
/// How long a server may take to stop; Holly's own end takes no longer.
const STOP_WITHIN: Duration = Duration::from_secs(8);
/// Waits before a server is started again: the first, doubled each time up to the last.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));
/// How long a server must have run for its next death to count as the first.
const STEADY_AFTER: Duration = Duration::from_secs(60);

/// Keeps a server running until Holly ends.
pub(super) async fn keep(server: Arc<Server>) {
    let mut wait = BACKOFF.0;
    while !server.watch.shutdown.is_cancelled() {
        let began = tokio::time::Instant::now();
        let why = tokio::select! {
            () = server.watch.shutdown.cancelled() => return,
            connected = begin(&server) => match connected {
                Ok((connected, changed)) => run(&server, connected, &changed).await,
                Err(why) => why,
            },
        };
        if server.watch.shutdown.is_cancelled() {
            return;
        }
        tracing::warn!(
            target: log_targets::ASSISTANT_MCP_SUPERVISOR,
            server = server.name(),
            why,
            "an MCP server does not run; it is started again"
        );
        server.state.send_replace(ServerState::Down { why });
        wait = if began.elapsed() >= STEADY_AFTER {
            BACKOFF.0
        } else {
            wait
        };
        tokio::select! {
            () = server.watch.shutdown.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        wait = (wait * 2).min(BACKOFF.1);
    }
}

async fn begin(server: &Arc<Server>) -> Result<(Connected, Arc<Notify>), String> {
    let changed = Arc::new(Notify::new());
    let handler = Handler {
        progress: server.progress.clone(),
        changed: changed.clone(),
    };
    Ok((
        connect(&server.config, handler, &server.watch).await?,
        changed,
    ))
}

/// Follows a connection until it ends or Holly does; says why it ended.
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
    let why = loop {
        let listed = tokio::select! {
            () = server.watch.shutdown.cancelled() => break "Holly ends".to_owned(),
            _ = &mut ended => return "it ended".to_owned(),
            listed = list(server, &peer) => listed,
        };
        match listed {
            Ok(tools) => drop(server.state.send_replace(ServerState::Ready {
                peer: peer.clone(),
                tools,
                process,
            })),
            Err(why) => break why,
        }
        tokio::select! {
            () = server.watch.shutdown.cancelled() => break "Holly ends".to_owned(),
            _ = &mut ended => return "it ended".to_owned(),
            () = changed.notified() => {}
        }
    };
    stop.cancel();
    if timeout(STOP_WITHIN, ended).await.is_err() {
        tracing::warn!(
            target: log_targets::ASSISTANT_MCP_SUPERVISOR,
            server = server.name(),
            "an MCP server took too long to stop; it is killed"
        );
    }
    why
}

async fn list(server: &Arc<Server>, peer: &Peer<RoleClient>) -> Result<Vec<Arc<dyn Tool>>, String> {
    let listed = timeout(LIST_WITHIN, peer.list_all_tools()).await;
    let listed = listed.map_err(|_| {
        format!(
            "it did not list its tools within {} s",
            LIST_WITHIN.as_secs()
        )
    })?;
    let listed = listed.map_err(|why| {
        server
            .config
            .conceal(&format!("it did not list its tools: {why}"))
    })?;
    let (all, mut names) = (listed.len(), HashSet::new());
    let tools = listed
        .into_iter()
        .filter_map(|tool| McpTool::of(server, names::offered(server.name(), &tool.name), &tool));
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
