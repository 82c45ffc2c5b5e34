//! How often one may try: sign-ins by account and by address, entries by person. Kept in this process only.

use crate::server::clock::Clock;
use governor::{Quota, RateLimiter, middleware::NoOpMiddleware, state::keyed::DefaultKeyedStateStore};
use std::{num::NonZeroU32, time::Duration};

type Limiter = RateLimiter<String, DefaultKeyedStateStore<String>, Clock, NoOpMiddleware<Duration>>;

impl governor::clock::Clock for Clock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.monotonic()
    }
}

/// A limit per key and minute; a burst of a minute's worth is allowed.
pub struct Attempts {
    limiter: Option<Limiter>,
}

impl Attempts {
    /// `per_minute` for each key; 0 means no limit.
    pub fn per_minute(per_minute: u32, clock: &Clock) -> Self {
        let limiter = |limit| RateLimiter::new(Quota::per_minute(limit), DefaultKeyedStateStore::default(), clock.clone());
        Self { limiter: NonZeroU32::new(per_minute).map(limiter) }
    }

    /// Counts one more for `key`. Refused: after how many seconds to come back.
    pub fn check(&self, key: &str) -> Result<(), u64> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        let now = governor::clock::Clock::now(limiter.clock());
        limiter.check_key(&key.to_owned()).map_err(|not_yet| not_yet.wait_time_from(now).as_secs() + 1)
    }

    /// Forgets keys that are back at their full allowance.
    pub fn forget_idle(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_allowance() {
        let attempts = Attempts::per_minute(2, &Clock::default());
        assert!(attempts.check("a").is_ok() && attempts.check("a").is_ok());
        assert!(attempts.check("a").is_err_and(|seconds| (1..=60).contains(&seconds)));
        assert!(attempts.check("b").is_ok());
    }

    #[test]
    fn zero_means_no_limit() {
        let attempts = Attempts::per_minute(0, &Clock::default());
        assert!((0..1_000).all(|_| attempts.check("a").is_ok()));
    }
}
