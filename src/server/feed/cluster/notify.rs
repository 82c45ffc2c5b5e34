//! Sends notifications to other processes: hints, and text of answers they have subscribed to.
//! Never inside a write transaction.

use super::{ANSWERS, Cluster, HINTS, payload};
use crate::{
    domain::ids::UserId,
    server::{
        base::log_targets,
        store::{Outgoing, Result},
    },
};
use std::{collections::HashSet, time::Duration};
use tokio::time::Instant;

/// Hints within this time are sent together.
const HINT_BATCH_DELAY: Duration = Duration::from_millis(5);
/// Text within this time is sent together.
const TEXT_BATCH_DELAY: Duration = Duration::from_millis(200);

impl Cluster {
    /// Notifies other processes of commits and subscriptions of this one. Runs until dropped.
    pub async fn notify(self) {
        loop {
            let outgoing = self.store.wakeups().outbox().next_outgoing().await;
            if let Err(error) = self.store.notify(&self.payloads(outgoing)).await {
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
        self.store
            .notify(&self.payloads(self.store.wakeups().outbox().take()))
            .await
    }

    fn payloads(&self, outgoing: Outgoing) -> Vec<(&'static str, String)> {
        let users_with_streams = || self.store.wakeups().subscribed_users();
        let new_users: Vec<UserId> = outgoing.subscribed.into_iter().collect();
        let subscribe = |users: &[UserId], from_start, wants_reply| {
            payload::encode_subscribe(&self.origin, users, from_start, wants_reply)
        };
        let mut subscriptions = match (outgoing.request_subscriptions, outgoing.renew) {
            (true, _) => subscribe(&users_with_streams(), true, true),
            (false, true) => subscribe(&users_with_streams(), false, false),
            (false, false) => Vec::new(),
        };
        if !outgoing.request_subscriptions && !new_users.is_empty() {
            subscriptions.extend(subscribe(&new_users, true, false));
        }
        if outgoing.ping && subscriptions.is_empty() {
            subscriptions = subscribe(&[], false, false);
        }
        let hints = payload::encode_hints(&self.origin, &outgoing.hints)
            .into_iter()
            .map(|payload| (HINTS, payload));
        hints
            .chain(subscriptions.into_iter().map(|payload| (ANSWERS, payload)))
            .collect()
    }

    /// Sends new text of this process's answers to subscribed processes. Runs until dropped.
    pub async fn notify_answers(self) {
        loop {
            let grown = self.store.wakeups().outbox().next_grown().await;
            if let Err(error) = self.notify_grown(&grown).await {
                tracing::warn!(
                    target: log_targets::FEED_CLUSTER_NOTIFY,
                    %error, "sending text of an answer to other processes failed; they will read it"
                );
            }
            tokio::time::sleep(TEXT_BATCH_DELAY).await;
        }
    }

    /// Sends new text of these users' answers, if another process has subscribed to it.
    pub async fn notify_grown(&self, grown: &HashSet<UserId>) -> Result<()> {
        let (answers, now) = (&self.feed.answers, Instant::now());
        let sent = self.subscriptions.sent(&answers.local_messages());
        let deltas: Vec<_> = grown
            .iter()
            .filter(|user| self.subscriptions.contains(**user, now))
            .flat_map(|user| answers.unsent(*user, &sent))
            .collect();
        if deltas.is_empty() {
            return Ok(());
        }
        let payloads: Vec<_> = deltas
            .iter()
            .flat_map(|delta| payload::encode_delta(&self.origin, delta))
            .map(|payload| (ANSWERS, payload))
            .collect();
        for delta in &deltas {
            self.subscriptions
                .mark_sent(delta.message, delta.offset + delta.text.len());
        }
        self.store.notify(&payloads).await
    }
}
