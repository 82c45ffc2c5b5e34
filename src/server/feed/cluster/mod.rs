//! Notifications between processes on PostgreSQL. They are hints that a user's feed has changed or
//! an answer has a new part; what changed is read from the database. A notification may be lost;
//! reading the heads of users with streams compensates for it, every few seconds while LISTEN works
//! and every second while it does not. Without streams there is no LISTEN and no polling, so that a
//! serverless database can suspend.
//!
//! `payload`: the encoding. `notify`: sending. `listen`: the one LISTEN connection. `parts`: reads
//! answers in progress of other processes.

pub mod listen;
pub mod notify;
pub mod parts;
mod payload;

use super::Feed;
use crate::server::{
    base::log_targets,
    store::{Hint, Result, Store, answer_parts, heads},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// Channel of hints.
const HINTS: &str = "holly";

/// Intervals of checking for missed notifications.
#[derive(Debug, Clone, Copy)]
pub struct PollIntervals {
    /// Interval while LISTEN works; within it a failure of LISTEN is detected.
    pub listening: Duration,
    /// Interval while LISTEN does not work, and delay before it reconnects.
    pub polling: Duration,
}

impl Default for PollIntervals {
    fn default() -> Self {
        Self {
            listening: Duration::from_secs(5),
            polling: Duration::from_secs(1),
        }
    }
}

/// This process's connection to the others; cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    store: Store,
    feed: Arc<Feed>,
    listen_url: Arc<str>,
    /// Identifies this process in its notifications.
    origin: Arc<str>,
    intervals: PollIntervals,
    /// Whether LISTEN works.
    listening: Arc<watch::Sender<bool>>,
}

impl Cluster {
    /// `listen_url` must not be a pooler in transaction mode, which does not support LISTEN.
    /// `origin` must be unique to the process.
    pub fn new(
        store: Store,
        feed: Arc<Feed>,
        listen_url: &str,
        origin: &str,
        intervals: PollIntervals,
    ) -> Self {
        store.wakeups().outbox().open();
        let (listen_url, origin) = (listen_url.into(), origin.into());
        Self {
            store,
            feed,
            listen_url,
            origin,
            intervals,
            listening: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Whether LISTEN works, as a channel.
    pub fn listening(&self) -> watch::Receiver<bool> {
        self.listening.subscribe()
    }

    /// Reads the heads while there are streams and LISTEN does not work. Runs until dropped.
    pub async fn poll(self) {
        let mut listening = self.listening();
        loop {
            self.store.wakeups().wait_for_subscriber().await;
            if listening.wait_for(|works| !works).await.is_err() {
                return;
            }
            tokio::time::sleep(self.intervals.polling).await;
            if *listening.borrow_and_update() {
                continue;
            }
            if let Err(error) = self.check_heads().await {
                tracing::warn!(
                    target: log_targets::FEED_CLUSTER,
                    %error, "the heads could not be read; retrying"
                );
            }
        }
    }

    /// Reads the heads of users with streams and wakes those that changed; has answers in progress
    /// of those users read.
    pub async fn check_heads(&self) -> Result<()> {
        let (wakeups, users) = (
            self.store.wakeups(),
            self.store.wakeups().subscribed_users(),
        );
        if users.is_empty() {
            return Ok(());
        }
        let mut reader = self.store.read().await?;
        for (user, rev) in heads::find_many(&mut reader, &users).await? {
            let hint = Hint {
                rev,
                ..Hint::default()
            };
            wakeups.receive_hint(user, hint);
        }
        for user in answer_parts::users(&mut reader).await? {
            if wakeups.is_subscribed(user) {
                wakeups.outbox().read_parts(user);
            }
        }
        Ok(())
    }
}
