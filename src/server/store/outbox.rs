//! What other processes are to be told, gathered until `server::relay` sends it: coalesced, never
//! inside a transaction.

use crate::domain::ids::UserId;
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::Notify;

/// What another process is told about a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hint {
    /// The newest revision committed; 0 when it is only about access.
    pub rev: i64,
    /// Whether a sign-in or key may have ended.
    pub access: bool,
}

/// What is to be told next.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// Whose feed has moved, the newest for each person.
    pub hints: HashMap<UserId, Hint>,
    /// Whose growing answers are wanted here from their beginning.
    pub came: HashSet<UserId>,
    /// Whether it is to be said again whose answers are wanted.
    pub renew: bool,
    /// Whether everybody is to be asked, because nothing of what they said before was heard.
    pub hello: bool,
    /// Whether anything is to be said at all, to hear it come back.
    pub ping: bool,
}

/// Gathers; empty for ever where there is only one process.
#[derive(Debug, Default)]
pub struct Outbox {
    open: AtomicBool,
    mail: Mutex<Outgoing>,
    posted: Notify,
    grown: Mutex<HashSet<UserId>>,
    grew: Notify,
}

impl Outbox {
    /// From now on somebody sends what is gathered.
    pub fn open(&self) {
        self.open.store(true, Ordering::Relaxed);
    }

    /// Adds to what is to be told.
    pub fn post(&self, how: impl FnOnce(&mut Outgoing)) {
        if self.open.load(Ordering::Relaxed) {
            how(&mut lock(&self.mail));
            self.posted.notify_one();
        }
    }

    /// Notes that an answer of a person has grown here.
    pub fn grow(&self, user: UserId) {
        if self.open.load(Ordering::Relaxed) {
            lock(&self.grown).insert(user);
            self.grew.notify_one();
        }
    }

    /// Waits until there is something to tell, and takes it.
    pub async fn mail(&self) -> Outgoing {
        taken(&self.mail, &self.posted).await
    }

    /// Takes what there is to tell now.
    pub fn take(&self) -> Outgoing {
        std::mem::take(&mut *lock(&self.mail))
    }

    /// Waits until answers have grown, and takes whose.
    pub async fn grown(&self) -> HashSet<UserId> {
        taken(&self.grown, &self.grew).await
    }
}

async fn taken<T: Default + PartialEq>(gathered: &Mutex<T>, came: &Notify) -> T {
    loop {
        let coming = came.notified();
        let taken = std::mem::take(&mut *lock(gathered));
        if taken != T::default() {
            return taken;
        }
        coming.await;
    }
}

fn lock<T>(gathered: &Mutex<T>) -> MutexGuard<'_, T> {
    gathered.lock().unwrap_or_else(PoisonError::into_inner)
}
