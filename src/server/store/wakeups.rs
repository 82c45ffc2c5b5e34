//! Subscriptions to commits. A wake-up only tells a reader to query again; it carries no rows.
//! Hints for other processes go to the `outbox`.

use super::outbox::{Hint, Outbox};
use crate::domain::ids::UserId;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, watch};

/// The state a subscriber compares with the last one it saw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wake {
    /// The highest announced revision; 0 if none was announced since the first subscription.
    pub rev: i64,
    /// Incremented for each piece of text of a growing answer.
    pub text: u64,
    /// Incremented when a session or key may have ended.
    pub access: u64,
}

/// One `watch` channel for each user with subscribers.
#[derive(Debug, Default)]
pub struct Wakeups {
    users: Mutex<HashMap<UserId, watch::Sender<Wake>>>,
    subscribed: Notify,
    outbox: Outbox,
}

/// Notified when the user's data may have changed.
pub type Subscription = watch::Receiver<Wake>;

impl Wakeups {
    /// Subscribes to a user's changes. Subscribe before reading, so that no change is missed.
    pub fn subscribe(&self, user: UserId) -> Subscription {
        let mut users = self.lock();
        // removed when the map has doubled, so that the cost of a subscription does not grow
        if users.len().is_power_of_two() && !users.contains_key(&user) {
            users.retain(|_, sender| sender.receiver_count() > 0);
        }
        let sender = users.entry(user).or_default();
        let first = sender.receiver_count() == 0;
        let subscription = sender.subscribe();
        drop(users);
        if first {
            self.outbox.read_parts(user);
        }
        self.subscribed.notify_waiters();
        subscription
    }

    /// Hints for other processes.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The users with subscribers.
    pub fn subscribed_users(&self) -> Vec<UserId> {
        self.lock()
            .iter()
            .filter(|(_, sender)| sender.receiver_count() > 0)
            .map(|(user, _)| *user)
            .collect()
    }

    /// Whether a user has subscribers.
    pub fn is_subscribed(&self, user: UserId) -> bool {
        self.lock()
            .get(&user)
            .is_some_and(|sender| sender.receiver_count() > 0)
    }

    /// Waits until there is a subscriber.
    pub async fn wait_for_subscriber(&self) {
        loop {
            let subscribed = self.subscribed.notified();
            if self.subscriber_count() > 0 {
                return;
            }
            subscribed.await;
        }
    }

    /// Number of subscribers.
    pub fn subscriber_count(&self) -> usize {
        self.lock()
            .values()
            .map(watch::Sender::receiver_count)
            .sum()
    }

    /// Announces that everything up to `rev` is committed.
    pub(super) fn committed(&self, user: UserId, rev: i64) {
        self.change(user, |wake| wake.rev = wake.rev.max(rev));
        self.outbox.post(|outgoing| {
            let hint = outgoing.hints.entry(user).or_default();
            hint.rev = hint.rev.max(rev);
        });
    }

    /// Announces new text of an answer.
    pub fn text(&self, user: UserId) {
        self.change(user, |wake| wake.text += 1);
    }

    /// Announces that a part of an answer of this process is committed.
    pub fn part(&self, user: UserId) {
        self.outbox
            .post(|outgoing| outgoing.hints.entry(user).or_default().part = true);
    }

    /// Announces that a session or key may have ended.
    pub fn access(&self, user: UserId) {
        self.change(user, |wake| wake.access += 1);
        self.outbox
            .post(|outgoing| outgoing.hints.entry(user).or_default().access = true);
    }

    /// Applies a hint from another process.
    pub fn receive_hint(&self, user: UserId, hint: Hint) {
        self.change(user, |wake| {
            wake.rev = wake.rev.max(hint.rev);
            wake.access += u64::from(hint.access);
        });
        if hint.part && self.is_subscribed(user) {
            self.outbox.read_parts(user);
        }
    }

    fn change(&self, user: UserId, update: impl FnOnce(&mut Wake)) {
        if let Some(sender) = self.lock().get(&user) {
            sender.send_modify(update);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, watch::Sender<Wake>>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
