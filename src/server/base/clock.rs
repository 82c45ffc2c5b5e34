//! What time it is. Only `main`, routes and worker loops ask; everything below takes the time as an
//! argument.

use crate::domain::time::Timestamp;
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
    /// By how much the system's clock is behind the one that it follows, in milliseconds.
    behind: Arc<AtomicI64>,
}

/// Less than so much is not worth following: it is as much as the asking takes.
const WORTH_FOLLOWING_MS: i64 = 500;

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands at `now` until it is set again.
    pub fn at(now: Timestamp) -> Self {
        Self {
            set: Some(Arc::new(AtomicI64::new(now.millis()))),
            ..Self::default()
        }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match &self.set {
            Some(millis) => Timestamp::from_millis(millis.load(Ordering::SeqCst)),
            None => Timestamp::from_millis(system_millis() + self.behind.load(Ordering::SeqCst)),
        }
    }

    /// Follows a clock that several processes share and that shows `shared` now. Returns by how
    /// much this one was wrong, in milliseconds, where that is worth telling. A clock that a test
    /// sets follows none.
    pub fn follow(&self, shared: Timestamp) -> Option<i64> {
        let wrong = shared.millis() - self.now().millis();
        if self.set.is_some() || wrong.abs() < WORTH_FOLLOWING_MS {
            return None;
        }
        self.behind.fetch_add(wrong, Ordering::SeqCst);
        Some(wrong)
    }

    /// The time since some moment; it never steps back as the system's may.
    pub fn monotonic(&self) -> Duration {
        static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
        match &self.set {
            Some(millis) => {
                Duration::from_millis(u64::try_from(millis.load(Ordering::SeqCst)).unwrap_or(0))
            }
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
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_s_clock_follows_another_and_a_test_s_does_not() {
        let (clock, shared) = (Clock::system(), Clock::system().now().plus(90_000));
        let copy = clock.clone();
        assert!(clock.follow(shared).is_some_and(|wrong| wrong > 80_000) && copy.now() >= shared);
        assert_eq!(clock.follow(shared.plus(10)), None, "a trifle");
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
