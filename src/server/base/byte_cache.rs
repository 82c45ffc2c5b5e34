//! A cache bounded in bytes: the least recently used value is evicted first.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, HashMap},
    hash::Hash,
};

/// Values by key, at most so many bytes together.
#[derive(Debug)]
pub(crate) struct ByteCache<K, V> {
    max_bytes: usize,
    bytes: usize,
    uses: u64,
    values: HashMap<K, Cached<V>>,
    /// Keys by their last use.
    order: BTreeMap<u64, K>,
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
            order: BTreeMap::new(),
        }
    }

    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let cached = self.values.get_mut(key)?;
        self.uses += 1;
        if let Some(key) = self.order.remove(&cached.last_use) {
            self.order.insert(self.uses, key);
        }
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
            let Some((_, oldest)) = self.order.pop_first() else {
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
        self.order.insert(self.uses, key.clone());
        self.values.insert(key, cached);
    }

    pub(crate) fn remove<Q: Eq + Hash + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        if let Some(removed) = self.values.remove(key) {
            self.order.remove(&removed.last_use);
            self.bytes -= removed.bytes;
        }
    }

    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.order.clear();
        self.bytes = 0;
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
        cache.clear();
        assert_eq!((cache.get("a"), cache.bytes), (None, 0));
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
                prop_assert_eq!(cache.order.len(), cache.values.len());
            }
        }
    }
}
