//! Archives for tests: in memory, so that nothing is waited for. And what happens in the middle of
//! a move.

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
    Archive::over(Arc::new(InMemory::new()), "", Duration::from_secs(60))
}

/// The tiers of a store with an empty archive.
pub fn tiers(store: &Store) -> Tiers {
    Tiers {
        store: store.clone(),
        archive: no_archive(),
    }
}

/// A run at a time that an admin trusts.
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

/// Lets something happen the first time a place is passed; a test in which it never is fails when
/// the listener goes.
pub fn once_at(here: FailPoint, happens: impl Future<Output = ()> + Send + 'static) -> Hook {
    let happens = Mutex::new(Waiting(Some(happens.boxed()), here));
    Arc::new(move |point| {
        let mut waiting = happens.lock().unwrap();
        if point == here {
            waiting.0.take()
        } else {
            None
        }
        .unwrap_or_else(|| async {}.boxed())
    })
}

struct Waiting(Option<BoxFuture<'static, ()>>, FailPoint);

impl Drop for Waiting {
    fn drop(&mut self) {
        assert!(
            self.0.is_none() || std::thread::panicking(),
            "{:?} was never passed",
            self.1
        );
    }
}
