//! Decides what to do after a model failed: retry, fall back or stop. Pure; `chain` does the
//! waiting.

use super::model::{ErrorClass, ModelError};
use std::time::Duration;

/// Maximum number of calls of one model for one answer.
const MAX_TRIES: u32 = 3;
/// Delay before the first retry; doubled for each further one.
const BACKOFF_MS: u64 = 500;
/// A rate limit that ends within this time is waited for; otherwise the next model is called.
const RATE_LIMIT_WAIT_MAX_S: u64 = 5;

/// Time in which an answer must be complete, unless the timeouts of its parts are longer.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(600);

/// Timeouts of a model call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModelTimeouts {
    /// Until the first token.
    pub first: Duration,
    /// Between later tokens.
    pub between: Duration,
    /// Until the answer is complete.
    pub total: Duration,
    /// Factor on the delays of retries: 1 is normal, 0 is no delay.
    pub retry_delay_factor: f64,
}

impl ModelTimeouts {
    /// `first` for the first token and half of it between later ones.
    pub fn new(first: Duration) -> Self {
        Self {
            first,
            between: first / 2,
            total: TOTAL_TIMEOUT.max(first.saturating_mul(2)),
            retry_delay_factor: 1.0,
        }
    }

    /// No waiting at all: what is not available at once has timed out, and retries have no delay.
    pub const fn none() -> Self {
        Self {
            first: Duration::ZERO,
            between: Duration::ZERO,
            total: TOTAL_TIMEOUT,
            retry_delay_factor: 0.0,
        }
    }
}

/// The reaction to a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextStep {
    /// Call the same model again after this delay.
    Retry(Duration),
    /// Call the next model.
    FallBack,
    /// Call no other model: the answer was declined because of its content.
    Stop,
}

/// The reaction to the failure of a model that was called `tries` times. If a part of its answer is
/// `visible`, the same model is not called again.
pub(super) fn after(error: &ModelError, visible: bool, tries: u32) -> NextStep {
    let retry = || NextStep::Retry(Duration::from_millis(BACKOFF_MS << (tries - 1).min(8)));
    match error.class {
        ErrorClass::ContentFilter => NextStep::Stop,
        _ if visible || tries >= MAX_TRIES => NextStep::FallBack,
        ErrorClass::Server | ErrorClass::Network => retry(),
        ErrorClass::RateLimit => match error.retry_after_s {
            Some(seconds) if seconds <= RATE_LIMIT_WAIT_MAX_S => {
                NextStep::Retry(Duration::from_secs(seconds))
            }
            _ => NextStep::FallBack,
        },
        ErrorClass::Auth | ErrorClass::Timeout | ErrorClass::BadRequest | ErrorClass::NoAnswer => {
            NextStep::FallBack
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(class: ErrorClass, retry_after_s: Option<u64>) -> ModelError {
        ModelError {
            class,
            message: String::new(),
            status: None,
            retry_after_s,
        }
    }

    #[test]
    fn each_class_has_its_reaction() {
        let ms = |ms| NextStep::Retry(Duration::from_millis(ms));
        for (class, retry_after, visible, tries, next) in [
            (ErrorClass::Server, None, false, 1, ms(500)),
            (ErrorClass::Network, None, false, 2, ms(1_000)),
            (ErrorClass::Server, None, false, 3, NextStep::FallBack),
            (ErrorClass::Server, None, true, 1, NextStep::FallBack),
            (ErrorClass::RateLimit, Some(2), false, 1, ms(2_000)),
            (
                ErrorClass::RateLimit,
                Some(38),
                false,
                1,
                NextStep::FallBack,
            ),
            (ErrorClass::RateLimit, None, false, 1, NextStep::FallBack),
            (ErrorClass::Auth, None, false, 1, NextStep::FallBack),
            (ErrorClass::Timeout, None, false, 1, NextStep::FallBack),
            (ErrorClass::BadRequest, None, false, 1, NextStep::FallBack),
            (ErrorClass::ContentFilter, None, true, 1, NextStep::Stop),
            (ErrorClass::NoAnswer, None, false, 1, NextStep::FallBack),
        ] {
            assert_eq!(
                after(&error(class, retry_after), visible, tries),
                next,
                "{class:?} {retry_after:?} {visible} {tries}"
            );
        }
    }

    #[test]
    fn no_class_is_retried_forever() {
        for class in ErrorClass::ALL {
            assert!(
                !matches!(
                    after(&error(*class, Some(0)), false, MAX_TRIES),
                    NextStep::Retry(_)
                ),
                "{class:?}"
            );
        }
    }
}
