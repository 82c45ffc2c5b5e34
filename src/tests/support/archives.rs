//! In-memory archives, retention runs, and a hook for fail points.

use crate::{
    domain::time::Timestamp,
    server::{
        archive::{Archive, Tiers},
        base::fail_points::{FailPoint, Hook},
        retention::{Policy, Report, Run, run_once},
        store::Store,
    },
};
use futures::{FutureExt, future::BoxFuture};
use object_store::memory::InMemory;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// An empty archive in memory.
pub fn no_archive() -> Archive {
    Archive::with_store(Arc::new(InMemory::new()), "", Duration::from_secs(60))
}

/// The tiers of a store with an empty archive.
pub fn tiers(store: &Store) -> Tiers {
    Tiers {
        store: store.clone(),
        archive: no_archive(),
    }
}

/// A run at a time that an admin has confirmed.
pub fn trusted(at: Timestamp) -> Run {
    Run {
        trust_clock: true,
        ..Run::at(Policy::default(), at)
    }
}

/// The report of a [`trusted`] run.
pub async fn run(tiers: &Tiers, at: Timestamp) -> Report {
    run_once(tiers, trusted(at)).await.unwrap()
}

/// A hook that runs `action` the first time `point` is reached. Panics on drop if it never was.
pub fn once_at(point: FailPoint, action: impl Future<Output = ()> + Send + 'static) -> Hook {
    let pending = Mutex::new(PendingAction(Some(action.boxed()), point));
    Arc::new(move |reached| {
        let mut pending = pending.lock().unwrap();
        if reached == point {
            pending.0.take()
        } else {
            None
        }
        .unwrap_or_else(|| async {}.boxed())
    })
}

struct PendingAction(Option<BoxFuture<'static, ()>>, FailPoint);

impl Drop for PendingAction {
    fn drop(&mut self) {
        assert!(
            self.0.is_none() || std::thread::panicking(),
            "{:?} was never reached",
            self.1
        );
    }
}
