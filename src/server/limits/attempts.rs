//! Rate limits per minute, by user or client address. Counted in this process only.

use super::bounded_keys::{BoundedKeys, KeyHash, hashed};
use crate::server::base::{
    clock::Clock,
    error::{Error, Result},
};
use governor::{Quota, RateLimiter, middleware::NoOpMiddleware};
use std::{fmt::Display, num::NonZeroU32, time::Duration};

/// The most keys that a limit keeps, in less than 4 MB. With more, those that used least of their
/// allowance are dropped and may begin again.
const MAX_KEYS: usize = 100_000;

type Limiter = RateLimiter<KeyHash, BoundedKeys, Clock, NoOpMiddleware<Duration>>;

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
        Self::bounded(per_minute, MAX_KEYS, clock)
    }

    fn bounded(per_minute: u32, max_keys: usize, clock: &Clock) -> Self {
        let limiter = |limit| {
            let keys = BoundedKeys::new(max_keys);
            let quota = Quota::per_minute(limit);
            (RateLimiter::new(quota, keys, clock.clone()), limit)
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
            .check_key_n(&hashed(key), many.min(*max))
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

    /// Number of keys that are kept.
    pub fn keys(&self) -> usize {
        self.limiter
            .as_ref()
            .map_or(0, |(limiter, _)| limiter.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;
    use proptest::prelude::*;

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

    fn bytes(attempts: Attempts) -> usize {
        let (limiter, _) = attempts.limiter.unwrap();
        limiter.into_state_store().bytes()
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 16,
            failure_persistence: None,
            ..ProptestConfig::default()
        })]
        #[test]
        fn keys_of_any_length_take_bounded_memory(
            max_keys in 1_usize..40,
            lengths in proptest::collection::vec(0_usize..200_000, 0..80),
        ) {
            let attempts = Attempts::bounded(10, max_keys, &Clock::default());
            for (n, length) in lengths.iter().enumerate() {
                let key = format!("{n} {}", "a".repeat(*length));
                assert!(attempts.check(&key).is_ok());
                assert!(attempts.keys() <= max_keys);
            }
            let bytes = bytes(attempts);
            assert!(bytes <= 64 * max_keys + 128, "{bytes} for {max_keys}");
        }
    }

    #[test]
    fn a_limit_takes_less_than_four_megabytes() {
        let attempts = Attempts::per_minute(10, &Clock::default());
        for n in 0..3 * MAX_KEYS {
            assert!(attempts.check(&format!("key {n}")).is_ok());
        }
        let keys = attempts.keys();
        assert!((MAX_KEYS / 2..=MAX_KEYS).contains(&keys), "{keys}");
        assert!(bytes(attempts) < 4_000_000);
    }

    #[test]
    fn many_new_keys_do_not_free_one_that_is_used_up() {
        let clock = Clock::at(Timestamp::from_millis(0));
        let attempts = Attempts::bounded(2, 100, &clock);
        assert!(attempts.check("used up").is_ok() && attempts.check("used up").is_ok());
        for n in 0..10_000 {
            assert!(attempts.check(&format!("key {n}")).is_ok());
        }
        assert!(attempts.keys() <= 100 && attempts.check("used up").is_err());
    }

    #[test]
    fn keys_with_their_full_allowance_are_forgotten() {
        let clock = Clock::at(Timestamp::from_millis(0));
        let attempts = Attempts::per_minute(10, &clock);
        for _ in 0..10 {
            assert!(attempts.check("a").is_ok());
        }
        assert!(attempts.check("b").is_ok());
        for (advance_ms, kept) in [(0, 2), (30_000, 1), (60_000, 0)] {
            clock.advance(advance_ms);
            attempts.forget_idle();
            assert_eq!(attempts.keys(), kept, "{advance_ms}");
        }
    }

    #[test]
    fn zero_means_no_limit() {
        let attempts = Attempts::per_minute(0, &Clock::default());
        assert!((0..1_000).all(|_| attempts.check("a").is_ok()));
    }
}
