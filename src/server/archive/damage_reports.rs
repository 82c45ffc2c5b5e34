//! Damaged and missing objects found by readers. Readers only report them here; `retention::damage`
//! records them in the database.

use crate::server::base::error::ArchiveError;
use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// Maximum number of remembered damaged objects; further ones are found once these are repaired.
const MAX_DAMAGED: usize = 1_000;

/// What readers of an archive reported.
#[derive(Debug, Clone, Default)]
pub struct DamageReports(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<DamageState>,
    new_report: Notify,
}

#[derive(Debug, Default)]
struct DamageState {
    /// Reports not yet taken: keys, and whether the object is intact.
    pending: BTreeMap<String, bool>,
    damaged: HashSet<String>,
}

impl DamageReports {
    /// Reports the result of reading an object, if it differs from the known state.
    pub(super) fn report<T>(&self, key: &str, read: &Result<T, ArchiveError>) {
        let mut state = self.lock();
        let (is_intact, is_new) = match read {
            Ok(_) => (true, state.damaged.remove(key)),
            Err(ArchiveError::Unreachable(_)) => return,
            Err(_) => (
                false,
                state.damaged.len() < MAX_DAMAGED && state.damaged.insert(key.to_owned()),
            ),
        };
        if is_new {
            state.pending.insert(key.to_owned(), is_intact);
            self.0.new_report.notify_one();
        }
    }

    /// Waits for a report.
    pub async fn new_report(&self) {
        self.0.new_report.notified().await;
    }

    /// Takes the new reports: keys, and whether the object is intact.
    pub fn take(&self) -> BTreeMap<String, bool> {
        std::mem::take(&mut self.lock().pending)
    }

    /// Puts back reports that could not be recorded; newer ones take precedence.
    pub fn requeue(&self, taken: BTreeMap<String, bool>) {
        let mut state = self.lock();
        let newer = std::mem::replace(&mut state.pending, taken);
        state.pending.extend(newer);
    }

    /// Adds objects that other processes found damaged, so that the next successful read of one is
    /// reported.
    pub fn add_damaged(&self, keys: impl IntoIterator<Item = String>) {
        self.lock().damaged.extend(keys);
    }

    /// Removes objects that are not damaged after all.
    pub fn remove_damaged(&self, keys: &[String]) {
        self.lock().damaged.retain(|key| !keys.contains(key));
    }

    fn lock(&self) -> MutexGuard<'_, DamageState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
