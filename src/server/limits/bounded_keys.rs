//! What a rate limiter keeps of its keys: a hash of fixed size and a time, for a bounded number of
//! keys. Neither a long key nor many keys take more memory.

use governor::{
    nanos::Nanos,
    state::{StateStore, keyed::ShrinkableKeyedStateStore},
};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The first bytes of a key's SHA-256.
pub(super) type KeyHash = [u8; 16];

/// The hash of a key.
pub(super) fn hashed(key: &str) -> KeyHash {
    let mut hash = KeyHash::default();
    hash.copy_from_slice(&Sha256::digest(key.as_bytes())[..size_of::<KeyHash>()]);
    hash
}

/// For each key the time at which it has its full allowance again. When it is full, a tenth of the
/// keys is dropped: those that are nearest to their full allowance, so that many new keys do not
/// free one that is used up.
pub(super) struct BoundedKeys {
    times: Mutex<HashMap<KeyHash, Nanos>>,
    max: usize,
}

impl BoundedKeys {
    /// Keeps at most `max` keys.
    pub(super) fn new(max: usize) -> Self {
        Self {
            times: Mutex::default(),
            max,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<KeyHash, Nanos>> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of memory that the keys take: a bucket has an entry and a byte of the table's own,
    /// and at least an eighth of the buckets is free.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let buckets = (self.lock().capacity() * 8).div_ceil(7);
        buckets * (size_of::<(KeyHash, Nanos)>() + 1)
    }
}

/// Keeps some of the keys, in a new table: one with dropped keys in it would grow to twice its size
/// instead of using their places.
fn keep(times: &mut HashMap<KeyHash, Nanos>, mut is_kept: impl FnMut(Nanos) -> bool) {
    let all = std::mem::take(times);
    times.extend(all.into_iter().filter(|(_, time)| is_kept(*time)));
}

/// Drops a tenth of the keys, at least one.
fn make_room(times: &mut HashMap<KeyHash, Nanos>) {
    let mut all: Vec<u64> = times.values().map(|time| time.as_u64()).collect();
    let last = all.len() / 10;
    let (_, latest, _) = all.select_nth_unstable(last);
    let (latest, mut left) = (*latest, last + 1);
    keep(times, |time| {
        let dropped = left > 0 && time.as_u64() <= latest;
        left -= usize::from(dropped);
        !dropped
    });
}

impl StateStore for BoundedKeys {
    type Key = KeyHash;

    fn measure_and_replace<T, F, E>(&self, key: &KeyHash, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut times = self.lock();
        let known = times.get(key).copied();
        let (outcome, time) = measure(known)?;
        if known.is_none() && times.len() >= self.max {
            make_room(&mut times);
        }
        times.insert(*key, time);
        Ok(outcome)
    }
}

impl ShrinkableKeyedStateStore<KeyHash> for BoundedKeys {
    fn retain_recent(&self, drop_below: Nanos) {
        keep(&mut self.lock(), |time| time > drop_below);
    }

    fn shrink_to_fit(&self) {
        self.lock().shrink_to_fit();
    }

    fn len(&self) -> usize {
        self.lock().len()
    }

    fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}
