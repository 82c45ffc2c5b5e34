//! Who waits for whose commits. A wake-up says "look again", never what changed: rows stay in the database.

use crate::ids::UserId;
use std::{collections::HashMap, sync::Mutex};
use tokio::sync::watch;

/// What a reader compares with what it saw last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wake {
    /// The highest revision announced; 0 when none was since somebody began to listen.
    pub rev: i64,
    /// Moves with every piece of text of an answer that is being written.
    pub text: u64,
    /// Moves when somebody signed out or a key was revoked.
    pub access: u64,
}

/// One `watch` per person somebody listens for; nothing for the rest.
#[derive(Debug, Default)]
pub struct Wakeups {
    people: Mutex<HashMap<UserId, watch::Sender<Wake>>>,
}

/// A reader's end: wakes when there may be something new.
pub type Subscription = watch::Receiver<Wake>;

impl Wakeups {
    /// Listens for a person's changes. Subscribe first, read then: nothing falls between.
    pub fn subscribe(&self, user: UserId) -> Subscription {
        let mut people = self.lock();
        people.retain(|id, sender| *id == user || sender.receiver_count() > 0);
        people.entry(user).or_default().subscribe()
    }

    /// How many people somebody listens for.
    pub fn listeners(&self) -> usize {
        self.lock().values().map(watch::Sender::receiver_count).sum()
    }

    /// Announces that everything up to `rev` is committed.
    pub(super) fn committed(&self, user: UserId, rev: i64) {
        self.change(user, |wake| wake.rev = wake.rev.max(rev));
    }

    /// Announces new text of an answer.
    pub fn text(&self, user: UserId) {
        self.change(user, |wake| wake.text += 1);
    }

    /// Announces that a sign-in or key may have ended.
    pub fn access(&self, user: UserId) {
        self.change(user, |wake| wake.access += 1);
    }

    fn change(&self, user: UserId, how: impl FnOnce(&mut Wake)) {
        if let Some(sender) = self.lock().get(&user) {
            sender.send_modify(how);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<UserId, watch::Sender<Wake>>> {
        self.people.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
