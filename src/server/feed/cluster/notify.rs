//! Sends hints to other processes. Never inside a write transaction.

use super::{Cluster, HINTS, payload};
use crate::server::{
    base::log_targets,
    store::{Outgoing, Result},
};
use std::time::Duration;

/// Hints within this time are sent together.
const HINT_BATCH_DELAY: Duration = Duration::from_millis(5);

impl Cluster {
    /// Notifies other processes of commits of this one. Runs until dropped.
    pub async fn notify(self) {
        loop {
            let outgoing = self.store.wakeups().outbox().next_outgoing().await;
            if let Err(error) = self.store.notify(&self.payloads(&outgoing)).await {
                tracing::warn!(
                    target: log_targets::FEED_CLUSTER_NOTIFY,
                    %error, "notifying other processes failed; they will poll"
                );
            }
            tokio::time::sleep(HINT_BATCH_DELAY).await;
        }
    }

    /// Sends pending notifications now, for a command that exits afterwards.
    pub async fn notify_now(&self) -> Result<()> {
        let outgoing = self.store.wakeups().outbox().take();
        self.store.notify(&self.payloads(&outgoing)).await
    }

    fn payloads(&self, outgoing: &Outgoing) -> Vec<(&'static str, String)> {
        if *outgoing == Outgoing::default() {
            return Vec::new();
        }
        payload::encode_hints(&self.origin, &outgoing.hints)
            .into_iter()
            .map(|payload| (HINTS, payload))
            .collect()
    }
}
