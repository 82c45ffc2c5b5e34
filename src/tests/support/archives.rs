//! Archives for tests: in memory, so that nothing is waited for.

use crate::server::retention::{Archive, Retention};
use object_store::memory::InMemory;
use std::{sync::Arc, time::Duration};

/// An empty archive in memory.
pub fn no_archive() -> Archive {
    Archive::over(Arc::new(InMemory::new()), "", Duration::from_secs(5))
}

/// The tiers of a store with an empty archive.
pub fn retention(store: &crate::server::store::Store) -> Retention {
    Retention { store: store.clone(), archive: no_archive() }
}
