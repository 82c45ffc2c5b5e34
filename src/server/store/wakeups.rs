//! Who waits for whose commits. A wake-up says "look again", never what changed: rows stay in the
//! database. What other processes are to be told of it goes into the `outbox`.

use super::outbox::{Hint, Outbox};
use crate::domain::ids::UserId;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, watch};

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
    came: Notify,
    outbox: Outbox,
}

/// A reader's end: wakes when there may be something new.
pub type Subscription = watch::Receiver<Wake>;

impl Wakeups {
    /// Listens for a person's changes. Subscribe first, read then: nothing falls between.
    pub fn subscribe(&self, user: UserId) -> Subscription {
        let mut people = self.lock();
        // swept when their number has doubled, so that a newcomer costs the same however many
        // listen
        if people.len().is_power_of_two() && !people.contains_key(&user) {
            people.retain(|_, sender| sender.receiver_count() > 0);
        }
        let sender = people.entry(user).or_default();
        let first = sender.receiver_count() == 0;
        let subscription = sender.subscribe();
        drop(people);
        if first {
            self.outbox.post(|mail| _ = mail.came.insert(user));
        }
        self.came.notify_waiters();
        subscription
    }

    /// What other processes are to be told.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The people somebody listens for.
    pub fn listened_for(&self) -> Vec<UserId> {
        self.lock()
            .iter()
            .filter(|(_, sender)| sender.receiver_count() > 0)
            .map(|(user, _)| *user)
            .collect()
    }

    /// Whether somebody listens for a person.
    pub fn listens(&self, user: UserId) -> bool {
        self.lock()
            .get(&user)
            .is_some_and(|sender| sender.receiver_count() > 0)
    }

    /// Waits until somebody listens.
    pub async fn until_listened(&self) {
        loop {
            let came = self.came.notified();
            if self.listeners() > 0 {
                return;
            }
            came.await;
        }
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        self.lock()
            .values()
            .map(watch::Sender::receiver_count)
            .sum()
    }

    /// Announces that everything up to `rev` is committed.
    pub(super) fn committed(&self, user: UserId, rev: i64) {
        self.change(user, |wake| wake.rev = wake.rev.max(rev));
        self.outbox.post(|mail| {
            let hint = mail.hints.entry(user).or_default();
            hint.rev = hint.rev.max(rev);
        });
    }

    /// Announces new text of an answer that is written here.
    pub fn text(&self, user: UserId) {
        self.heard_text(user);
        self.outbox.grow(user);
    }

    /// Announces that a sign-in or key may have ended.
    pub fn access(&self, user: UserId) {
        self.change(user, |wake| wake.access += 1);
        self.outbox
            .post(|mail| mail.hints.entry(user).or_default().access = true);
    }

    /// Takes what another process told.
    pub fn heard(&self, user: UserId, hint: Hint) {
        self.change(user, |wake| {
            wake.rev = wake.rev.max(hint.rev);
            wake.access += u64::from(hint.access);
        });
    }

    /// Announces new text of an answer that another process writes.
    pub fn heard_text(&self, user: UserId) {
        self.change(user, |wake| wake.text += 1);
    }

    fn change(&self, user: UserId, how: impl FnOnce(&mut Wake)) {
        if let Some(sender) = self.lock().get(&user) {
            sender.send_modify(how);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, watch::Sender<Wake>>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
