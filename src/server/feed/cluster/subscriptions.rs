//! Users whose answers other processes have subscribed to, and how much of each answer was sent.

use crate::domain::ids::{MessageId, UserId};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Lifetime of a subscription that is not renewed.
const SUBSCRIPTION_TTL: Duration = Duration::from_secs(90);

#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    expires_at: HashMap<UserId, Instant>,
    sent: HashMap<MessageId, usize>,
}

impl Subscriptions {
    /// Adds or renews subscriptions to these users' answers.
    pub(super) fn add(&self, users: &[UserId], now: Instant) {
        let mut inner = self.lock();
        inner.expires_at.retain(|_, expiry| *expiry > now);
        inner
            .expires_at
            .extend(users.iter().map(|user| (*user, now + SUBSCRIPTION_TTL)));
    }

    /// Whether another process has subscribed to a user's answers.
    pub(super) fn contains(&self, user: UserId, now: Instant) -> bool {
        self.lock()
            .expires_at
            .get(&user)
            .is_some_and(|expiry| *expiry > now)
    }

    /// How many bytes of each answer in progress were sent; entries of other answers are removed.
    pub(super) fn sent(
        &self,
        in_progress: &HashMap<MessageId, UserId>,
    ) -> HashMap<MessageId, usize> {
        let mut inner = self.lock();
        inner
            .sent
            .retain(|message, _| in_progress.contains_key(message));
        inner.sent.clone()
    }

    /// Records that an answer was sent up to this byte.
    pub(super) fn mark_sent(&self, message: MessageId, upto: usize) {
        self.lock().sent.insert(message, upto);
    }

    /// Sends this answer from its start again.
    pub(super) fn restart(&self, message: MessageId) {
        self.lock().sent.remove(&message);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
