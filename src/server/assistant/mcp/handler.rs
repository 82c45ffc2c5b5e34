//! What a server may tell Holly while it runs: how far a call is, and that its tools have changed.
//! It may ask for nothing: no model, no files, no questions to the person.

use rmcp::{
    ClientHandler, RoleClient,
    handler::client::progress::ProgressDispatcher,
    model::{ClientConfig, Implementation, ProgressNotificationParam},
    service::NotificationContext,
};
use std::sync::Arc;
use tokio::sync::Notify;

/// Holly's end of a connection.
#[derive(Clone)]
pub(super) struct Handler {
    /// Who waits for whose progress.
    pub(super) progress: ProgressDispatcher,
    /// Told when the list of tools must be read again.
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
