//! A cache bounded in bytes: the least recently used value is evicted first.

use std::{borrow::Borrow, collections::HashMap, hash::Hash};

/// Values by key, at most so many bytes together.
#[derive(Debug)]
pub(crate) struct ByteCache<K, V> {
    max_bytes: usize,
    bytes: usize,
    uses: u64,
    values: HashMap<K, Cached<V>>,
}

#[derive(Debug)]
struct Cached<V> {
    value: V,
    bytes: usize,
    last_use: u64,
}

impl<K: Eq + Hash + Clone, V: Clone> ByteCache<K, V> {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            bytes: 0,
            uses: 0,
            values: HashMap::new(),
        }
    }

    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.uses += 1;
        let cached = self.values.get_mut(key)?;
        cached.last_use = self.uses;
        Some(cached.value.clone())
    }

    /// Adds a value of this size, unless it alone exceeds the bound.
    pub(crate) fn insert(&mut self, key: K, value: V, bytes: usize) {
        self.remove(&key);
        if bytes > self.max_bytes {
            return;
        }
        while self.bytes + bytes > self.max_bytes {
            let Some(oldest) = self
                .values
                .iter()
                .min_by_key(|(_, cached)| cached.last_use)
                .map(|(key, _)| key.clone())
            else {
                break;
            };
            self.remove(&oldest);
        }
        self.uses += 1;
        self.bytes += bytes;
        let cached = Cached {
            value,
            bytes,
            last_use: self.uses,
        };
        self.values.insert(key, cached);
    }

    pub(crate) fn remove<Q: Eq + Hash + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        if let Some(removed) = self.values.remove(key) {
            self.bytes -= removed.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ByteCache;
    use proptest::prelude::*;

    #[test]
    fn the_least_recently_used_value_is_evicted_first() {
        let mut cache = ByteCache::new(100);
        cache.insert("a", 1, 50);
        cache.insert("b", 2, 50);
        assert_eq!(cache.get("a"), Some(1));
        cache.insert("c", 3, 30);
        let held = ["a", "b", "c"].map(|key| cache.get(key));
        assert_eq!(held, [Some(1), None, Some(3)]);
        cache.insert("too large", 4, 101);
        assert_eq!((cache.get("too large"), cache.get("a")), (None, Some(1)));
    }

    proptest! {
        #[test]
        fn the_bound_holds_and_sizes_add_up(
            steps in prop::collection::vec((0_u8..8, 0_usize..60, any::<bool>()), 0..60),
        ) {
            let mut cache = ByteCache::new(100);
            for (key, bytes, removes) in steps {
                if removes {
                    cache.remove(&key);
                } else {
                    cache.insert(key, bytes, bytes);
                    prop_assert_eq!(cache.get(&key), Some(bytes));
                }
                let sum: usize = cache.values.values().map(|cached| cached.bytes).sum();
                prop_assert!(sum == cache.bytes && sum <= 100);
            }
        }
    }
}
