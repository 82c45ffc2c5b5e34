//! Orphans: stored objects that the database does not know. They are left by a process that ended
//! between storing and recording, by a deletion that did not reach the storage, or were stored
//! after the backup that was restored. They are deleted, but not by a database that may be the
//! wrong one.

use crate::{
    domain::{
        ids::UserId,
        time::{DAY_MS, Timestamp},
    },
    server::{
        base::error::{Error, Result},
        store::{Store, meta},
    },
};
use std::collections::HashMap;

/// Minimum age of an orphan, and minimum time the database has been in use, in milliseconds.
/// Objects are stored before the transaction that records them, and another backup may be restored
/// after all.
const ORPHANED_AFTER_MS: i64 = 2 * DAY_MS;
/// Up to this number orphans are always deleted.
const ALWAYS_DELETED: usize = 3;
/// Maximum number of orphans in memory; the next sweep finds the others.
const MAX_IN_MEMORY: usize = 10_000;

/// Objects older than this may be orphans at `now`. `None` while the database is too new, unless an
/// admin has `confirmed` that it is the right one.
pub async fn cut_off(store: &Store, now: Timestamp, confirmed: bool) -> Result<Option<Timestamp>> {
    let since = meta::in_use_since(&mut *store.connection().await?, store.epoch(), now).await?;
    let cut_off = now.plus(-ORPHANED_AFTER_MS);
    Ok((confirmed || since <= cut_off).then_some(cut_off))
}

/// Groups items by user.
pub fn by_user<T>(items: impl IntoIterator<Item = (UserId, T)>) -> HashMap<UserId, Vec<T>> {
    let mut by_user: HashMap<UserId, Vec<T>> = HashMap::new();
    for (user, item) in items {
        by_user.entry(user).or_default().push(item);
    }
    by_user
}

/// The orphans found so far.
#[derive(Debug)]
pub struct Orphans<T> {
    known: usize,
    unknown: usize,
    first: Vec<T>,
}

impl<T> Orphans<T> {
    /// No orphans.
    pub const fn empty() -> Self {
        Self {
            known: 0,
            unknown: 0,
            first: Vec::new(),
        }
    }

    /// Counts an object that is known to the database or not.
    pub fn add(&mut self, found: T, known: bool) {
        if known {
            self.known += 1;
            return;
        }
        self.unknown += 1;
        if self.first.len() < MAX_IN_MEMORY {
            self.first.push(found);
        }
    }

    /// The orphans to delete, and whether they are all. Fails if the database knows so few of
    /// `what` that it may be the wrong one, and no admin has confirmed it.
    pub fn to_delete(self, what: &str, confirmed: bool) -> Result<(Vec<T>, bool)> {
        let Self {
            known,
            unknown,
            first,
        } = self;
        if unknown > ALWAYS_DELETED && unknown > known && !confirmed {
            return Err(Error::Conflict(format!(
                "the database refers to only {known} of {} {what}, so it may be the wrong one; \
                 nothing is deleted. If it is the right one, \
                 `holly retention run --confirm-orphans` deletes the others",
                known + unknown
            )));
        }
        let all = first.len() == unknown;
        Ok((first, all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(known: usize, unknown: usize) -> Orphans<usize> {
        let mut orphans = Orphans::empty();
        (0..known + unknown).for_each(|n| orphans.add(n, n < known));
        orphans
    }

    #[test]
    fn a_database_that_knows_few_objects_deletes_none_without_confirmation() {
        assert_eq!(
            found(0, 3).to_delete("objects", false).unwrap(),
            (vec![0, 1, 2], true)
        );
        assert_eq!(found(4, 4).to_delete("objects", false).unwrap().0.len(), 4);
        for (known, unknown) in [(0, 4), (4, 5), (100, 500)] {
            let refused = found(known, unknown)
                .to_delete("objects", false)
                .unwrap_err()
                .to_string();
            assert!(
                refused.contains(&format!(
                    "refers to only {known} of {} objects,",
                    known + unknown
                )),
                "{refused}"
            );
            assert_eq!(
                found(known, unknown)
                    .to_delete("objects", true)
                    .unwrap()
                    .0
                    .len(),
                unknown
            );
        }
    }

    #[test]
    fn orphans_beyond_the_limit_are_left_to_the_next_sweep() {
        let (first, all) = found(MAX_IN_MEMORY + 1, MAX_IN_MEMORY + 1)
            .to_delete("objects", false)
            .unwrap();
        assert_eq!((first.len(), all), (MAX_IN_MEMORY, false));
    }
}
