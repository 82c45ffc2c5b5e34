//! The state of a server, read by its tools and the settings page; `supervisor` keeps it running.

use super::{config::ServerConfig, connect::TaskOwner};
use crate::{domain::ToolServer, server::assistant::tool::Tool};
use rmcp::{Peer, RoleClient, handler::client::progress::ProgressDispatcher};
use std::sync::Arc;
use tokio::sync::watch;

/// A configured server.
pub(super) struct Server {
    pub(super) config: Arc<ServerConfig>,
    pub(super) owner: TaskOwner,
    pub(super) progress: ProgressDispatcher,
    pub(super) status: watch::Sender<ServerStatus>,
}

pub(super) enum ServerStatus {
    Starting,
    Ready {
        peer: Peer<RoleClient>,
        tools: Vec<Arc<dyn Tool>>,
        process: Option<u32>,
    },
    Down {
        reason: String,
    },
}

impl Server {
    pub(super) fn new(config: ServerConfig, owner: TaskOwner) -> Self {
        Self {
            config: Arc::new(config),
            owner,
            progress: ProgressDispatcher::new(),
            status: watch::Sender::new(ServerStatus::Starting),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.config.name
    }

    /// The tools it offers, if it runs.
    pub(super) fn tools(&self) -> Vec<Arc<dyn Tool>> {
        match &*self.status.borrow() {
            ServerStatus::Ready { tools, .. } => tools.clone(),
            ServerStatus::Starting | ServerStatus::Down { .. } => Vec::new(),
        }
    }

    /// The connection for requests. Errors: why the server does not run.
    pub(super) fn peer(&self) -> Result<Peer<RoleClient>, String> {
        match &*self.status.borrow() {
            ServerStatus::Ready { peer, .. } => Ok(peer.clone()),
            ServerStatus::Starting => Err("it is still starting".to_owned()),
            ServerStatus::Down { reason } => Err(reason.clone()),
        }
    }

    /// Its state for admins.
    pub(super) fn state(&self) -> ToolServer {
        let process = match &*self.status.borrow() {
            ServerStatus::Ready { process, .. } => *process,
            ServerStatus::Starting | ServerStatus::Down { .. } => None,
        };
        ToolServer {
            name: self.name().to_owned(),
            tools: self.tools().len(),
            process,
            trouble: self.peer().err(),
        }
    }

    /// Returns once it runs or its first start has failed.
    pub(super) async fn settled(&self) {
        // The sender is owned by `self`, so the channel cannot close during the wait.
        _ = self
            .status
            .subscribe()
            .wait_for(|status| !matches!(status, ServerStatus::Starting))
            .await;
    }
}
