//! Who waits for whose commits. A wake-up says "look again", never what changed: rows stay in the database. What other
//! processes are to be told is gathered here and sent by `relay`.

use crate::ids::UserId;
use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
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
    /// Whether somebody sends hints to other processes.
    relayed: AtomicBool,
    /// What they are to be told, the newest for each person.
    hints: Mutex<HashMap<UserId, Hint>>,
    hinted: Notify,
    came: Notify,
}

/// What another process is told about a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Hint {
    /// The newest revision committed; 0 when it is only about access.
    pub(super) rev: i64,
    /// Whether a sign-in or key may have ended.
    pub(super) access: bool,
}

/// A reader's end: wakes when there may be something new.
pub type Subscription = watch::Receiver<Wake>;

impl Wakeups {
    /// Listens for a person's changes. Subscribe first, read then: nothing falls between.
    pub fn subscribe(&self, user: UserId) -> Subscription {
        let mut people = self.lock();
        people.retain(|id, sender| *id == user || sender.receiver_count() > 0);
        let subscription = people.entry(user).or_default().subscribe();
        self.came.notify_waiters();
        subscription
    }

    /// The people somebody listens for.
    pub(super) fn listened_for(&self) -> Vec<UserId> {
        self.lock().iter().filter(|(_, sender)| sender.receiver_count() > 0).map(|(user, _)| *user).collect()
    }

    /// Waits until somebody listens.
    pub(super) async fn until_listened(&self) {
        loop {
            let came = self.came.notified();
            if self.listeners() > 0 {
                return;
            }
            came.await;
        }
    }

    /// From now on, hints for other processes are gathered.
    pub(super) fn gather_hints(&self) {
        self.relayed.store(true, Ordering::Relaxed);
    }

    /// Waits until there is something to tell, and takes it.
    pub(super) async fn hints(&self) -> HashMap<UserId, Hint> {
        loop {
            let hinted = self.hinted.notified();
            let hints = self.take_hints();
            if !hints.is_empty() {
                return hints;
            }
            hinted.await;
        }
    }

    /// Takes what there is to tell now.
    pub(super) fn take_hints(&self) -> HashMap<UserId, Hint> {
        std::mem::take(&mut *self.gathered())
    }

    /// Takes what another process told.
    pub(super) fn heard(&self, user: UserId, hint: Hint) {
        self.change(user, |wake| {
            wake.rev = wake.rev.max(hint.rev);
            wake.access += u64::from(hint.access);
        });
    }

    /// How many people somebody listens for.
    pub fn listeners(&self) -> usize {
        self.lock().values().map(watch::Sender::receiver_count).sum()
    }

    /// Announces that everything up to `rev` is committed.
    pub(super) fn committed(&self, user: UserId, rev: i64) {
        self.change(user, |wake| wake.rev = wake.rev.max(rev));
        self.hint(user, |hint| hint.rev = hint.rev.max(rev));
    }

    /// Announces new text of an answer.
    pub fn text(&self, user: UserId) {
        self.change(user, |wake| wake.text += 1);
    }

    /// Announces that a sign-in or key may have ended.
    pub fn access(&self, user: UserId) {
        self.change(user, |wake| wake.access += 1);
        self.hint(user, |hint| hint.access = true);
    }

    fn hint(&self, user: UserId, how: impl FnOnce(&mut Hint)) {
        if self.relayed.load(Ordering::Relaxed) {
            how(self.gathered().entry(user).or_default());
            self.hinted.notify_one();
        }
    }

    fn gathered(&self) -> MutexGuard<'_, HashMap<UserId, Hint>> {
        self.hints.lock().unwrap_or_else(PoisonError::into_inner)
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
