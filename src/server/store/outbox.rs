//! Hints for other processes, merged until `feed::cluster` sends them, outside any transaction, and
//! whose growing answers it reads.

use crate::domain::ids::UserId;
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::Notify;

/// A hint about one user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hint {
    /// The newest committed revision; 0 if the hint is only about access.
    pub rev: i64,
    /// Whether a session or key may have ended.
    pub access: bool,
    /// Whether an answer has a new part.
    pub part: bool,
}

/// What to send next.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// The newest hint for each user.
    pub hints: HashMap<UserId, Hint>,
    /// Whether to send a message only to check that it is received.
    pub ping: bool,
}

/// Collects hints; stays empty when there is only one process.
#[derive(Debug, Default)]
pub struct Outbox {
    open: AtomicBool,
    outgoing: Mutex<Outgoing>,
    outgoing_changed: Notify,
    unread: Mutex<HashSet<UserId>>,
    unread_changed: Notify,
}

impl Outbox {
    /// Starts collecting, once there is a sender.
    pub fn open(&self) {
        self.open.store(true, Ordering::Relaxed);
    }

    /// Changes what is sent next.
    pub fn post(&self, update: impl FnOnce(&mut Outgoing)) {
        if self.open.load(Ordering::Relaxed) {
            update(&mut lock(&self.outgoing));
            self.outgoing_changed.notify_one();
        }
    }

    /// Records that parts of a user's answers are to be read.
    pub fn read_parts(&self, user: UserId) {
        if self.open.load(Ordering::Relaxed) {
            lock(&self.unread).insert(user);
            self.unread_changed.notify_one();
        }
    }

    /// Waits for something to send and takes it.
    pub async fn next_outgoing(&self) -> Outgoing {
        take_when_set(&self.outgoing, &self.outgoing_changed).await
    }

    /// Takes what is there to send now.
    pub fn take(&self) -> Outgoing {
        std::mem::take(&mut *lock(&self.outgoing))
    }

    /// Waits for users whose parts are to be read and takes them.
    pub async fn next_unread(&self) -> HashSet<UserId> {
        take_when_set(&self.unread, &self.unread_changed).await
    }
}

async fn take_when_set<T: Default + PartialEq>(slot: &Mutex<T>, changed: &Notify) -> T {
    loop {
        let notified = changed.notified();
        let value = std::mem::take(&mut *lock(slot));
        if value != T::default() {
            return value;
        }
        notified.await;
    }
}

fn lock<T>(slot: &Mutex<T>) -> MutexGuard<'_, T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
