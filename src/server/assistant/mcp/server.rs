//! The state of a server, read by its tools and the settings page; `supervisor` keeps it running.

use super::{config::ServerConfig, connect::TaskOwner};
use crate::{domain::ToolServer, server::assistant::tool::Tool};
use rmcp::{Peer, RoleClient, handler::client::progress::ProgressDispatcher};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// A configured server.
pub(super) struct Server {
    pub(super) config: Arc<ServerConfig>,
    pub(super) owner: TaskOwner,
    pub(super) progress: ProgressDispatcher,
    pub(super) status: watch::Sender<ServerStatus>,
    /// The names of the tools it listed last. It keeps them while it is down.
    names: Mutex<Vec<String>>,
}

/// A tool that a server has listed.
#[derive(Clone)]
pub(super) struct ListedTool {
    /// Its name for models.
    pub(super) name: String,
    /// The server's own name for it, for users.
    pub(super) own_name: String,
    pub(super) tool: Arc<dyn Tool>,
}

/// The tools of a server, and what was left out.
pub(super) struct Listing {
    pub(super) tools: Vec<ListedTool>,
    /// Which tools were left out and why, and where the list was cut.
    pub(super) notes: Vec<String>,
}

pub(super) enum ServerStatus {
    Starting,
    Ready {
        peer: Peer<RoleClient>,
        listing: Listing,
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
            names: Mutex::default(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.config.name
    }

    /// It runs and has listed its tools.
    pub(super) fn ready(&self, peer: Peer<RoleClient>, listing: Listing, process: Option<u32>) {
        let names = listing.tools.iter().map(|tool| tool.name.clone());
        *self.names.lock().unwrap_or_else(PoisonError::into_inner) = names.collect();
        self.status.send_replace(ServerStatus::Ready {
            peer,
            listing,
            process,
        });
    }

    /// The names of the tools it listed last.
    pub(super) fn names(&self) -> Vec<String> {
        let names = self.names.lock();
        names.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The tools it offers, if it runs.
    pub(super) fn tools(&self) -> Vec<ListedTool> {
        match &*self.status.borrow() {
            ServerStatus::Ready { listing, .. } => listing.tools.clone(),
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

    /// Its state for admins; `tools` of its tools are offered, and `clashes` says which are not
    /// because of their names.
    pub(super) fn state(&self, tools: usize, clashes: Vec<String>) -> ToolServer {
        let (process, listed) = match &*self.status.borrow() {
            ServerStatus::Ready {
                process, listing, ..
            } => (*process, listing.notes.clone()),
            ServerStatus::Starting | ServerStatus::Down { .. } => (None, Vec::new()),
        };
        ToolServer {
            name: self.name().to_owned(),
            tools,
            process,
            trouble: self.peer().err().map(|why| format!("not running: {why}")),
            notes: [self.config.notes.clone(), listed, clashes].concat(),
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
