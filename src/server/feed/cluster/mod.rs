//! From process to process on PostgreSQL. The database is the truth: what is said here are hints,
//! "this person's feed has moved", and the words of answers that grow, which reach the database
//! only once a second. Anything said may be lost; a look at the heads of those somebody listens for
//! makes up for it, every few seconds while LISTEN is heard to work and every second while it is
//! not. While nobody listens, neither is there, so that a database that sleeps can sleep.
//!
//! `payload`: what is said, as text. `tell`: saying it. `hear`: the one LISTEN connection.
//! `wanted`: whose answers others want.

pub mod listen;
pub mod notify;
mod payload;
pub mod subscriptions;

use super::Feed;
use crate::server::{
    base::log_targets,
    store::{Hint, Result, Store, heads},
};
use std::{sync::Arc, time::Duration};
use subscriptions::Subscriptions;
use tokio::sync::watch;

/// The channel of hints.
const HINTS: &str = "holly";
/// The channel of answers that grow.
const ANSWERS: &str = "holly_answers";

/// How often things happen.
#[derive(Debug, Clone, Copy)]
pub struct PollIntervals {
    /// How often the heads are looked at while LISTEN works; also how soon it is noticed that it
    /// does not.
    pub beat: Duration,
    /// How often they are looked at while it does not, and how soon the connection is tried again.
    pub look: Duration,
}

impl Default for PollIntervals {
    fn default() -> Self {
        Self {
            beat: Duration::from_secs(5),
            look: Duration::from_secs(1),
        }
    }
}

/// This process's end; cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    store: Store,
    feed: Arc<Feed>,
    listen_url: Arc<str>,
    /// Names this process in what it says.
    origin: Arc<str>,
    pace: PollIntervals,
    wanted: Arc<Subscriptions>,
    /// Whether LISTEN was heard to work.
    hears: Arc<watch::Sender<bool>>,
}

impl Cluster {
    /// A relay that listens over `listen_url`: past a pooler that shares connections by
    /// transaction, LISTEN hears nothing. `origin` must differ from process to process.
    pub fn new(
        store: Store,
        feed: Arc<Feed>,
        listen_url: &str,
        origin: &str,
        pace: PollIntervals,
    ) -> Self {
        store.wakeups().outbox().open();
        let (listen_url, origin) = (listen_url.into(), origin.into());
        Self {
            store,
            feed,
            listen_url,
            origin,
            pace,
            wanted: Arc::default(),
            hears: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Tells whether LISTEN is heard to work.
    pub fn hears(&self) -> watch::Receiver<bool> {
        self.hears.subscribe()
    }

    /// Looks at the heads while somebody listens and LISTEN does not work, until it is dropped.
    pub async fn watch(self) {
        let mut hears = self.hears();
        loop {
            self.store.wakeups().wait_for_subscriber().await;
            if hears.wait_for(|hears| !hears).await.is_err() {
                return;
            }
            tokio::time::sleep(self.pace.look).await;
            if *hears.borrow_and_update() {
                continue;
            }
            if let Err(error) = self.check_heads().await {
                tracing::warn!(
                    target: log_targets::FEED_CLUSTER,
                    %error, "the heads could not be read; they are read again"
                );
            }
        }
    }

    /// One look at the heads.
    pub async fn check_heads(&self) -> Result<()> {
        let people = self.store.wakeups().subscribed_users();
        if people.is_empty() {
            return Ok(());
        }
        for (user, rev) in heads::of_many(&mut *self.store.read().await?, &people).await? {
            self.store
                .wakeups()
                .receive_hint(user, Hint { rev, access: false });
        }
        Ok(())
    }
}
