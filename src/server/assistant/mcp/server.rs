//! A server as its tools and the settings page see it; `supervisor` keeps it running.

use super::{config::ServerConfig, connect::TaskOwner};
use crate::{domain::ToolServer, server::assistant::tool::Tool};
use rmcp::{Peer, RoleClient, handler::client::progress::ProgressDispatcher};
use std::sync::Arc;
use tokio::sync::watch;

/// A server that is configured.
pub(super) struct Server {
    pub(super) config: Arc<ServerConfig>,
    pub(super) watch: TaskOwner,
    pub(super) progress: ProgressDispatcher,
    pub(super) state: watch::Sender<ServerState>,
}

pub(super) enum ServerState {
    Starting,
    Ready {
        peer: Peer<RoleClient>,
        tools: Vec<Arc<dyn Tool>>,
        process: Option<u32>,
    },
    Down {
        why: String,
    },
}

impl Server {
    pub(super) fn new(config: ServerConfig, watch: TaskOwner) -> Self {
        Self {
            config: Arc::new(config),
            watch,
            progress: ProgressDispatcher::new(),
            state: watch::Sender::new(ServerState::Starting),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.config.name
    }

    /// What it offers, if it runs.
    pub(super) fn tools(&self) -> Vec<Arc<dyn Tool>> {
        match &*self.state.borrow() {
            ServerState::Ready { tools, .. } => tools.clone(),
            ServerState::Starting | ServerState::Down { .. } => Vec::new(),
        }
    }

    /// Through what it is asked; why not, when it does not run.
    pub(super) fn peer(&self) -> Result<Peer<RoleClient>, String> {
        match &*self.state.borrow() {
            ServerState::Ready { peer, .. } => Ok(peer.clone()),
            ServerState::Starting => Err("it is still starting".to_owned()),
            ServerState::Down { why } => Err(why.clone()),
        }
    }

    /// How it stands, for admins.
    pub(super) fn told(&self) -> ToolServer {
        let process = match &*self.state.borrow() {
            ServerState::Ready { process, .. } => *process,
            ServerState::Starting | ServerState::Down { .. } => None,
        };
        ToolServer {
            name: self.name().to_owned(),
            tools: self.tools().len(),
            process,
            trouble: self.peer().err(),
        }
    }

    /// Returns once it runs, or has failed to for the first time.
    pub(super) async fn settled(&self) {
        // The sender lives in `self`, so the wait ends by the state alone.
        _ = self
            .state
            .subscribe()
            .wait_for(|state| !matches!(state, ServerState::Starting))
            .await;
    }
}
