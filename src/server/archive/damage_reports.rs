//! Objects that turned out to be damaged or missing. Whoever reads one only says so in passing and
//! goes on; `retention::damage` writes it down.

use crate::server::base::error::ArchiveError;
use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// Damaged objects that are remembered; of more, the next ones are found once these are mended.
const MOST: usize = 1_000;

/// What readers of one archive found.
#[derive(Debug, Clone, Default)]
pub struct DamageReports(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    found: Mutex<DamageReport>,
    news: Notify,
}

#[derive(Debug, Default)]
struct DamageReport {
    /// Keys, and whether the object is whole.
    unwritten: BTreeMap<String, bool>,
    damaged: HashSet<String>,
}

impl DamageReports {
    /// Takes note of how reading an object went, if that is new.
    pub(super) fn hear<T>(&self, key: &str, read: &Result<T, ArchiveError>) {
        let mut found = self.lock();
        let (whole, is_new) = match read {
            Ok(_) => (true, found.damaged.remove(key)),
            Err(ArchiveError::Unreachable(_)) => return,
            Err(_) => (
                false,
                found.damaged.len() < MOST && found.damaged.insert(key.to_owned()),
            ),
        };
        if is_new {
            found.unwritten.insert(key.to_owned(), whole);
            self.0.news.notify_one();
        }
    }

    /// Waits until something is found.
    pub async fn news(&self) {
        self.0.news.notified().await;
    }

    /// Takes what was found since the last time: keys, and whether the object is whole.
    pub fn take(&self) -> BTreeMap<String, bool> {
        std::mem::take(&mut self.lock().unwritten)
    }

    /// Gives back what was taken and could not be written down; what was found since then is newer.
    pub fn give_back(&self, taken: BTreeMap<String, bool>) {
        let mut found = self.lock();
        let newer = std::mem::replace(&mut found.unwritten, taken);
        found.unwritten.extend(newer);
    }

    /// Takes objects for damaged that others found to be so: the next reader who finds one whole
    /// says so.
    pub fn suspect(&self, keys: impl IntoIterator<Item = String>) {
        self.lock().damaged.extend(keys);
    }

    /// Takes objects for whole about which nothing is wrong after all.
    pub fn acquit(&self, keys: &[String]) {
        self.lock().damaged.retain(|key| !keys.contains(key));
    }

    fn lock(&self) -> MutexGuard<'_, DamageReport> {
        self.0.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
