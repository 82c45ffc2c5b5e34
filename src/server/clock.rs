//! What time it is. Only `main`, routes and worker loops ask; everything below takes the time as an argument.

use crate::timestamp::Timestamp;
use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

/// The system's clock, or one that a test sets.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    set: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands at `now` until it is set again.
    pub fn at(now: Timestamp) -> Self {
        Self { set: Some(Arc::new(AtomicI64::new(now.millis()))) }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match &self.set {
            Some(millis) => Timestamp::from_millis(millis.load(Ordering::SeqCst)),
            None => Timestamp::from_millis(system_millis()),
        }
    }

    /// The time since some moment; it never steps back as the system's may.
    pub fn monotonic(&self) -> Duration {
        static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
        match &self.set {
            Some(millis) => Duration::from_millis(u64::try_from(millis.load(Ordering::SeqCst)).unwrap_or(0)),
            None => BEGAN.elapsed(),
        }
    }

    /// Moves a clock that was made by [`Clock::at`]; the system's is left alone.
    pub fn advance(&self, millis: i64) {
        if let Some(set) = &self.set {
            set.fetch_add(millis, Ordering::SeqCst);
        }
    }
}

fn system_millis() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
