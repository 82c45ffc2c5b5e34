//! The one LISTEN connection, open while there are streams. It also receives this process's own
//! notifications, which shows that it works, even behind poolers and networks that drop
//! notifications silently.

use super::{
    ANSWERS, Cluster, HINTS,
    payload::{self, AnswerSignal},
};
use crate::{
    domain::ids::UserId,
    server::{
        base::{error::StoreError, log_targets},
        feed::{AnswerDelta, DeltaOutcome},
        store::{ListenConnection, Notification, Result},
    },
};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Subscriptions to answers are renewed every so many heartbeats.
const RENEW_HEARTBEATS: u32 = 6;
/// An answer without new text is removed after this time; later text requests what came before.
const REMOTE_ANSWER_TTL: Duration = Duration::from_secs(60);

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
        let mut listener = ListenConnection::open(&self.listen_url, &[HINTS, ANSWERS]).await?;
        self.announce().await?;
        let (mut heartbeats, mut received, mut heartbeat_at) =
            (0, false, Instant::now() + self.intervals.listening);
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
                    (heartbeats, received) = (heartbeats + 1, false);
                    heartbeat_at = Instant::now() + self.intervals.listening;
                    self.heartbeat(heartbeats).await?;
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

    async fn announce(&self) -> Result<()> {
        self.store
            .wakeups()
            .outbox()
            .post(|outgoing| (outgoing.request_subscriptions, outgoing.ping) = (true, true));
        self.check_heads().await
    }

    async fn heartbeat(&self, heartbeats: u32) -> Result<()> {
        let wakeups = self.store.wakeups();
        if heartbeats.is_multiple_of(RENEW_HEARTBEATS) {
            self.feed
                .answers
                .expire_remote(Instant::now() - REMOTE_ANSWER_TTL, |user| {
                    wakeups.is_subscribed(user)
                });
            wakeups.outbox().post(|outgoing| outgoing.renew = true);
        }
        wakeups.outbox().post(|outgoing| outgoing.ping = true);
        self.check_heads().await
    }

    fn receive(&self, notification: &Notification) {
        if notification.channel == HINTS {
            for (user, hint) in payload::decode_hints(&self.origin, &notification.payload) {
                self.store.wakeups().receive_hint(user, hint);
            }
            return;
        }
        match payload::decode_signal(&self.origin, &notification.payload) {
            Some(AnswerSignal::Subscribe {
                users,
                from_start,
                wants_reply,
            }) => self.subscribe(&users, from_start, wants_reply),
            Some(AnswerSignal::Text {
                user,
                conversation,
                message,
                offset,
                text,
            }) => {
                self.apply(&AnswerDelta {
                    user,
                    conversation,
                    message,
                    offset,
                    text,
                });
            }
            None => {}
        }
    }

    /// Another process subscribes to the answers of these users.
    fn subscribe(&self, users: &[UserId], from_start: bool, wants_reply: bool) {
        let outbox = self.store.wakeups().outbox();
        self.subscriptions.add(users, Instant::now());
        if from_start {
            for (message, user) in self.feed.answers.local_messages() {
                if users.contains(&user) {
                    self.subscriptions.restart(message);
                    outbox.grow(user);
                }
            }
        }
        if wants_reply {
            let listened = self.store.wakeups().subscribed_users();
            outbox.post(|outgoing| outgoing.subscribed.extend(listened));
        }
    }

    /// Applies text of another process's answer, if its user has streams here.
    fn apply(&self, delta: &AnswerDelta) {
        let wakeups = self.store.wakeups();
        if !wakeups.is_subscribed(delta.user) {
            return;
        }
        match self.feed.answers.apply_remote(delta, Instant::now()) {
            DeltaOutcome::Grown => wakeups.receive_text(delta.user),
            DeltaOutcome::Known => {}
            DeltaOutcome::Gap => wakeups
                .outbox()
                .post(|outgoing| _ = outgoing.subscribed.insert(delta.user)),
        }
    }
}
