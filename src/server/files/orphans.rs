//! What lies in a storage and the database does not know: left by a process that died between
//! storing it and saying so, by a deletion that did not reach the storage, or put after the backup
//! that was restored. It is deleted, but not by a database that may be the wrong one.

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

/// How old an orphan is at least, and how long the database has been in use, in milliseconds:
/// things are stored before the transaction that names them, and whoever restored a backup may want
/// another one after all.
const ORPHANED_AFTER_MS: i64 = 2 * DAY_MS;
/// So many orphans are nothing special, however few things there are.
const FEW: usize = 3;
/// Orphans that are remembered at once; the next sweep finds the others.
const MOST: usize = 10_000;

/// What is older than this may be an orphan at `now`; `None` while this life of the database is too
/// young to tell, unless an admin has `confirmed` that it is the right one.
pub async fn cut_off(store: &Store, now: Timestamp, confirmed: bool) -> Result<Option<Timestamp>> {
    let since = meta::in_use_since(&mut *store.connection().await?, store.epoch(), now).await?;
    let cut_off = now.plus(-ORPHANED_AFTER_MS);
    Ok((confirmed || since <= cut_off).then_some(cut_off))
}

/// What belongs to each person.
pub fn by_person<T>(things: impl IntoIterator<Item = (UserId, T)>) -> HashMap<UserId, Vec<T>> {
    let mut by_person: HashMap<UserId, Vec<T>> = HashMap::new();
    for (user, thing) in things {
        by_person.entry(user).or_default().push(thing);
    }
    by_person
}

/// What a look through a storage has found so far.
#[derive(Debug)]
pub struct Orphans<T> {
    known: usize,
    unknown: usize,
    first: Vec<T>,
}

impl<T> Orphans<T> {
    /// Nothing yet.
    pub const fn none() -> Self {
        Self {
            known: 0,
            unknown: 0,
            first: Vec::new(),
        }
    }

    /// Counts something that the database knows, or does not.
    pub fn note(&mut self, found: T, known: bool) {
        if known {
            self.known += 1;
            return;
        }
        self.unknown += 1;
        if self.first.len() < MOST {
            self.first.push(found);
        }
    }

    /// Those to delete, and whether these are all. Errors: the database knows so little of `what`
    /// that it may be the wrong one, and no admin has said (`confirmed`) that it is not.
    pub fn to_delete(self, what: &str, confirmed: bool) -> Result<(Vec<T>, bool)> {
        let Self {
            known,
            unknown,
            first,
        } = self;
        if unknown > FEW && unknown > known && !confirmed {
            return Err(Error::Conflict(format!(
                "of {} {what} this database knows {known}; is it the right one? Nothing of the others is deleted. If it is, \
                 `holly retention run --confirm-orphans` deletes them",
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
        let mut orphans = Orphans::none();
        (0..known + unknown).for_each(|n| orphans.note(n, n < known));
        orphans
    }

    #[test]
    fn a_database_that_knows_little_of_what_is_there_deletes_nothing_without_a_word() {
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
                    "of {} objects this database knows {known};",
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
    fn more_orphans_than_are_remembered_are_left_to_the_next_sweep() {
        let (first, all) = found(MOST + 1, MOST + 1)
            .to_delete("objects", false)
            .unwrap();
        assert_eq!((first.len(), all), (MOST, false));
    }
}
