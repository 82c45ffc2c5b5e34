//! Whose growing answers other processes want to be told of, and how much of each they were told.

use crate::domain::ids::{MessageId, UserId};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long a want holds that is not said again.
const HOLDS: Duration = Duration::from_secs(90);

#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    people: HashMap<UserId, Instant>,
    told: HashMap<MessageId, usize>,
}

impl Subscriptions {
    /// Another process wants these people's answers.
    pub(super) fn note(&self, users: &[UserId], now: Instant) {
        let mut inner = self.lock();
        inner.people.retain(|_, until| *until > now);
        inner
            .people
            .extend(users.iter().map(|user| (*user, now + HOLDS)));
    }

    /// Whether another process wants a person's answers.
    pub(super) fn wants(&self, user: UserId, now: Instant) -> bool {
        self.lock()
            .people
            .get(&user)
            .is_some_and(|until| *until > now)
    }

    /// How many bytes were told of each answer that grows; the others are forgotten.
    pub(super) fn told(&self, growing: &HashMap<MessageId, UserId>) -> HashMap<MessageId, usize> {
        let mut inner = self.lock();
        inner
            .told
            .retain(|message, _| growing.contains_key(message));
        inner.told.clone()
    }

    /// So much of an answer is told.
    pub(super) fn tell(&self, message: MessageId, upto: usize) {
        self.lock().told.insert(message, upto);
    }

    /// This answer is told from its beginning again.
    pub(super) fn anew(&self, message: MessageId) {
        self.lock().told.remove(&message);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
