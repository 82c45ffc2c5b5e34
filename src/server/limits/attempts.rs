//! Rate limits per minute, by user or client address. Counted in this process only.

use crate::server::base::{
    clock::Clock,
    error::{Error, Result},
};
use governor::{
    Quota, RateLimiter, middleware::NoOpMiddleware, state::keyed::DefaultKeyedStateStore,
};
use std::{fmt::Display, num::NonZeroU32, time::Duration};

type Limiter = RateLimiter<String, DefaultKeyedStateStore<String>, Clock, NoOpMiddleware<Duration>>;

impl governor::clock::Clock for Clock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.monotonic()
    }
}

/// A limit per key and minute. A burst of a minute's allowance is allowed.
pub struct Attempts {
    limiter: Option<(Limiter, NonZeroU32)>,
}

impl Attempts {
    /// Allows `per_minute` for each key; 0 means no limit.
    pub fn per_minute(per_minute: u32, clock: &Clock) -> Self {
        let limiter = |limit| {
            (
                RateLimiter::new(
                    Quota::per_minute(limit),
                    DefaultKeyedStateStore::default(),
                    clock.clone(),
                ),
                limit,
            )
        };
        Self {
            limiter: NonZeroU32::new(per_minute).map(limiter),
        }
    }

    /// Counts one for `key`. If rejected, returns the seconds until the next attempt is allowed.
    pub fn check(&self, key: &str) -> std::result::Result<(), u64> {
        self.check_many(key, NonZeroU32::MIN)
    }

    /// Counts `many` for `key`, or none of them. If nothing was counted before, more than a
    /// minute's allowance passes.
    fn check_many(&self, key: &str, many: NonZeroU32) -> std::result::Result<(), u64> {
        let Some((limiter, max)) = &self.limiter else {
            return Ok(());
        };
        let now = governor::clock::Clock::now(limiter.clock());
        let result = limiter
            .check_key_n(&key.to_owned(), many.min(*max))
            .unwrap_or(Ok(()));
        result.map_err(|not_until| not_until.wait_time_from(now).as_secs() + 1)
    }

    /// Counts `many` for `key`. The error names what there was too much of: `messages`, `files`, ….
    pub fn admit(&self, key: impl Display, many: usize, what: &str) -> Result<()> {
        let Some(many) = NonZeroU32::new(u32::try_from(many).unwrap_or(u32::MAX)) else {
            return Ok(());
        };
        let too_many = |after_s| Error::TooMany {
            after_s,
            why: format!("too many {what} in a minute; try again in {after_s} s"),
        };
        self.check_many(&key.to_string(), many).map_err(too_many)
    }

    /// Drops keys that have their full allowance again.
    pub fn forget_idle(&self) {
        if let Some((limiter, _)) = &self.limiter {
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
        assert!(
            attempts
                .check("a")
                .is_err_and(|seconds| (1..=60).contains(&seconds))
        );
        assert!(attempts.check("b").is_ok());
    }

    #[test]
    fn several_are_counted_together_or_not_at_all() {
        let attempts = Attempts::per_minute(4, &Clock::default());
        assert!(attempts.admit("a", 3, "files").is_ok() && attempts.admit("a", 0, "files").is_ok());
        let refused = attempts.admit("a", 3, "files").unwrap_err().to_string();
        assert!(
            refused.starts_with("too many files in a minute; try again in "),
            "{refused}"
        );
        assert!(
            attempts.admit("a", 1, "files").is_ok(),
            "rejected attempts do not count"
        );
        assert!(
            attempts.admit("b", 9, "files").is_ok() && attempts.admit("b", 1, "files").is_err()
        );
    }

    #[test]
    fn zero_means_no_limit() {
        let attempts = Attempts::per_minute(0, &Clock::default());
        assert!((0..1_000).all(|_| attempts.check("a").is_ok()));
    }
}
