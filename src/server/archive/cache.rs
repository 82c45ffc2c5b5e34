//! Objects read lately, decoded. Bounded in bytes: the one that was used longest ago goes first.

use crate::server::store::work_logs::StoredEntry;
use std::{collections::HashMap, sync::Arc};

/// What an entry takes beside its texts, roughly.
const ENTRY_BYTES: usize = 512;

/// Decoded objects by key.
#[derive(Debug)]
pub(super) struct Cache {
    most: usize,
    bytes: usize,
    uses: u64,
    objects: HashMap<String, Cached>,
}

#[derive(Debug)]
struct Cached {
    entries: Arc<Vec<StoredEntry>>,
    bytes: usize,
    used: u64,
}

impl Cache {
    /// A cache of at most so many bytes.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            bytes: 0,
            uses: 0,
            objects: HashMap::new(),
        }
    }

    /// The entries of an object that was put lately.
    pub(super) fn get(&mut self, key: &str) -> Option<Arc<Vec<StoredEntry>>> {
        self.uses += 1;
        let cached = self.objects.get_mut(key)?;
        cached.used = self.uses;
        Some(cached.entries.clone())
    }

    /// Keeps an object's entries, unless they alone would fill the cache.
    pub(super) fn put(&mut self, key: &str, entries: Arc<Vec<StoredEntry>>) {
        let bytes = entries
            .iter()
            .map(|entry| ENTRY_BYTES + usize::try_from(entry.size()).unwrap_or(0))
            .sum();
        self.forget(key);
        if bytes > self.most {
            return;
        }
        while self.bytes + bytes > self.most {
            let Some(oldest) = self
                .objects
                .iter()
                .min_by_key(|(_, cached)| cached.used)
                .map(|(key, _)| key.clone())
            else {
                break;
            };
            self.forget(&oldest);
        }
        self.uses += 1;
        self.bytes += bytes;
        self.objects.insert(
            key.to_owned(),
            Cached {
                entries,
                bytes,
                used: self.uses,
            },
        );
    }

    /// Lets an object go.
    pub(super) fn forget(&mut self, key: &str) {
        if let Some(gone) = self.objects.remove(key) {
            self.bytes -= gone.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_used_longest_ago_goes_first_and_the_bound_holds() {
        let mut cache = Cache::new(100);
        for key in ["a", "b"] {
            cache.put(key, Arc::new(Vec::new()));
        }
        cache.bytes = 100;
        cache
            .objects
            .values_mut()
            .for_each(|cached| cached.bytes = 50);
        assert!(cache.get("a").is_some());
        cache.most = 99;
        cache.put("c", Arc::new(Vec::new()));
        assert!(cache.get("b").is_none() && cache.get("a").is_some() && cache.get("c").is_some());
        assert_eq!(cache.bytes, 50);
    }
}
