//! The one LISTEN connection, open while there are streams. It also receives this process's own
//! notifications, which shows that it works, even behind poolers and networks that drop
//! notifications silently.

use super::{Cluster, HINTS, payload};
use crate::server::{
    base::{error::StoreError, log_targets},
    store::{ListenConnection, Notification, Result},
};
use tokio::time::{Instant, sleep_until};

impl Cluster {
    /// Receives notifications of other processes while there are streams here. Runs until dropped.
    pub async fn listen(self) {
        loop {
            self.store.wakeups().wait_for_subscriber().await;
            let ended = self.listen_while_needed().await;
            self.listening.send_replace(false);
            if let Err(error) = ended {
                tracing::warn!(
                    target: log_targets::FEED_CLUSTER_LISTEN,
                    %error, "the LISTEN connection failed; reconnecting, polling meanwhile"
                );
                tokio::time::sleep(self.intervals.polling).await;
            }
        }
    }

    async fn listen_while_needed(&self) -> Result<()> {
        let mut listener = ListenConnection::open(&self.listen_url, &[HINTS]).await?;
        self.announce().await?;
        let (mut received, mut heartbeat_at) = (false, Instant::now() + self.intervals.listening);
        loop {
            tokio::select! {
                biased;
                () = sleep_until(heartbeat_at) => {
                    if !received {
                        let why = "no notification received, not even this process's own";
                        return Err(StoreError::Unusable(why.to_owned()));
                    }
                    if self.store.wakeups().subscriber_count() == 0 {
                        return Ok(());
                    }
                    received = false;
                    heartbeat_at = Instant::now() + self.intervals.listening;
                    self.announce().await?;
                }
                notification = listener.next() => match notification? {
                    Some(notification) => {
                        received = true;
                        self.listening
                            .send_if_modified(|works| !std::mem::replace(works, true));
                        self.receive(&notification);
                    }
                    // reconnected: notifications may have been missed
                    None => {
                        self.listening.send_replace(false);
                        self.announce().await?;
                    }
                },
            }
        }
    }

    /// Sends a notification that this process receives too, and reads what may have been missed.
    async fn announce(&self) -> Result<()> {
        let wakeups = self.store.wakeups();
        wakeups.outbox().post(|outgoing| outgoing.ping = true);
        let has_streams = |user| wakeups.is_subscribed(user);
        self.feed.answers.expire_remote(has_streams);
        self.check_heads().await
    }

    fn receive(&self, notification: &Notification) {
        for (user, hint) in payload::decode_hints(&self.origin, &notification.payload) {
            self.store.wakeups().receive_hint(user, hint);
        }
    }
}
