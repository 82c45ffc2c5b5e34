//! Handles notifications of a server: progress of a call, and a changed list of tools. Requests of
//! a server (for a model, files or user input) are not supported.

use rmcp::{
    ClientHandler, RoleClient,
    handler::client::progress::ProgressDispatcher,
    model::{ClientConfig, Implementation, ProgressNotificationParam},
    service::NotificationContext,
};
use std::sync::Arc;
use tokio::sync::Notify;

/// Holly's side of a connection.
#[derive(Clone)]
pub(super) struct Handler {
    /// Passes progress on to the calls.
    pub(super) progress: ProgressDispatcher,
    /// Notified when the list of tools must be read again.
    pub(super) changed: Arc<Notify>,
}

impl ClientHandler for Handler {
    fn get_info(&self) -> ClientConfig {
        let mut info = ClientConfig::default();
        info.client_info = Implementation::new("holly", env!("CARGO_PKG_VERSION"));
        info
    }

    async fn on_progress(
        &self,
        progress: ProgressNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        self.progress.handle_notification(progress).await;
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.notify_one();
    }
}
