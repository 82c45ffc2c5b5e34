//! How often one may do something in a minute, by person or by address. Kept in this process only.

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

/// A limit per key and minute; a burst of a minute's worth is allowed.
pub struct Attempts {
    limiter: Option<(Limiter, NonZeroU32)>,
}

impl Attempts {
    /// `per_minute` for each key; 0 means no limit.
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

    /// Counts one more for `key`. Refused: after how many seconds to come back.
    pub fn check(&self, key: &str) -> std::result::Result<(), u64> {
        self.check_many(key, NonZeroU32::MIN)
    }

    /// Counts `many` more for `key`, or none of them. More than a minute's worth pass where nothing
    /// was counted before.
    fn check_many(&self, key: &str, many: NonZeroU32) -> std::result::Result<(), u64> {
        let Some((limiter, most)) = &self.limiter else {
            return Ok(());
        };
        let now = governor::clock::Clock::now(limiter.clock());
        let checked = limiter
            .check_key_n(&key.to_owned(), many.min(*most))
            .unwrap_or(Ok(()));
        checked.map_err(|not_yet| not_yet.wait_time_from(now).as_secs() + 1)
    }

    /// The same, as an error that says what there were too many of: `messages`, `files`, ….
    pub fn admit(&self, key: impl Display, many: usize, what: &str) -> Result<()> {
        let Some(many) = NonZeroU32::new(u32::try_from(many).unwrap_or(u32::MAX)) else {
            return Ok(());
        };
        let refused = |after_s| Error::TooMany {
            after_s,
            why: format!("too many {what} in a minute; try again in {after_s} s"),
        };
        self.check_many(&key.to_string(), many).map_err(refused)
    }

    /// Forgets keys that are back at their full allowance.
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
    fn many_at_once_are_taken_together_or_not_at_all() {
        let attempts = Attempts::per_minute(4, &Clock::default());
        assert!(attempts.admit("a", 3, "files").is_ok() && attempts.admit("a", 0, "files").is_ok());
        let refused = attempts.admit("a", 3, "files").unwrap_err().to_string();
        assert!(
            refused.starts_with("too many files in a minute; try again in "),
            "{refused}"
        );
        assert!(
            attempts.admit("a", 1, "files").is_ok(),
            "what was refused does not count"
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
