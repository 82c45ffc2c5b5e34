//! The clock. Only `main`, routes and worker loops read it; everything below takes the time as an
//! argument.

use crate::domain::time::Timestamp;
use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

/// The system clock, or one set by a test.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// The time of a test's clock, in milliseconds.
    fixed: Option<Arc<AtomicI64>>,
    /// Added to the system clock to follow a shared one, in milliseconds.
    offset: Arc<AtomicI64>,
}

/// Smaller differences are ignored: they are within the latency of reading the shared clock.
const MIN_CORRECTION_MS: i64 = 500;

impl Clock {
    /// The system clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stays at `now` until [`Clock::advance`] is called.
    pub fn at(now: Timestamp) -> Self {
        Self {
            fixed: Some(Arc::new(AtomicI64::new(now.millis()))),
            ..Self::default()
        }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match &self.fixed {
            Some(millis) => Timestamp::from_millis(millis.load(Ordering::SeqCst)),
            None => Timestamp::from_millis(system_millis() + self.offset.load(Ordering::SeqCst)),
        }
    }

    /// Follows a clock that several processes share and whose time is `shared` now. Returns the
    /// correction in milliseconds, if one was needed. A test's clock is not corrected.
    pub fn follow(&self, shared: Timestamp) -> Option<i64> {
        let correction = shared.millis() - self.now().millis();
        if self.fixed.is_some() || correction.abs() < MIN_CORRECTION_MS {
            return None;
        }
        self.offset.fetch_add(correction, Ordering::SeqCst);
        Some(correction)
    }

    /// The time since the first call; unlike the system clock it never steps back.
    pub fn monotonic(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        match &self.fixed {
            Some(millis) => {
                Duration::from_millis(u64::try_from(millis.load(Ordering::SeqCst)).unwrap_or(0))
            }
            None => START.elapsed(),
        }
    }

    /// Advances a clock created by [`Clock::at`]; does nothing to the system clock.
    pub fn advance(&self, millis: i64) {
        if let Some(fixed) = &self.fixed {
            fixed.fetch_add(millis, Ordering::SeqCst);
        }
    }
}

fn system_millis() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_follows_a_shared_one_and_a_test_clock_does_not() {
        let (clock, shared) = (Clock::system(), Clock::system().now().plus(90_000));
        let copy = clock.clone();
        assert!(clock.follow(shared).is_some_and(|wrong| wrong > 80_000) && copy.now() >= shared);
        assert_eq!(clock.follow(shared.plus(10)), None, "too small");
        assert!(
            clock
                .follow(Clock::system().now())
                .is_some_and(|wrong| wrong < -80_000)
                && copy.now() < shared
        );
        let set = Clock::at(shared);
        assert_eq!((set.follow(shared.plus(90_000)), set.now()), (None, shared));
    }
}
