//! What to do when a model failed: ask it again, ask the next one, or stop. Pure; the waiting is
//! `chain`'s.

use super::model::{ErrorClass, ModelError};
use std::time::Duration;

/// How often one model is asked for one answer, at most.
const TRIES: u32 = 3;
/// The wait before the first repetition; each further one is twice as long.
const BACKOFF_MS: u64 = 500;
/// A limit that ends within this is waited out; a longer one is left to the next model.
const LIMIT_WAITED_S: u64 = 5;

/// How long models may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModelTimeouts {
    /// Until the first word.
    pub first: Duration,
    /// Between any two later ones.
    pub between: Duration,
    /// Factor on the waits before a repetition: 1 as usual, 0 none.
    pub pace: f64,
}

impl ModelTimeouts {
    /// The usual patience with `first` for the first word and half of it between later ones.
    pub fn of(first: Duration) -> Self {
        Self {
            first,
            between: first / 2,
            pace: 1.0,
        }
    }

    /// None at all: what is not there at once has failed, and nothing is waited for.
    pub const fn none() -> Self {
        Self {
            first: Duration::ZERO,
            between: Duration::ZERO,
            pace: 0.0,
        }
    }
}

/// What comes after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextStep {
    /// The same model is asked again after this wait.
    Again(Duration),
    /// The next one is asked.
    FallBack,
    /// Nobody is asked any more: the answer was refused for what it is about.
    Stop,
}

/// What comes after the failure `error` of a model that was asked `tries` times, and had `shown`
/// something of its answer or not: what a reader has seen is never asked for again from the same
/// model.
pub(super) fn after(error: &ModelError, shown: bool, tries: u32) -> NextStep {
    let again = || NextStep::Again(Duration::from_millis(BACKOFF_MS << (tries - 1).min(8)));
    match error.class {
        ErrorClass::ContentFilter => NextStep::Stop,
        _ if shown || tries >= TRIES => NextStep::FallBack,
        ErrorClass::Server | ErrorClass::Network => again(),
        ErrorClass::RateLimit => match error.retry_after_s {
            Some(seconds) if seconds <= LIMIT_WAITED_S => {
                NextStep::Again(Duration::from_secs(seconds))
            }
            _ => NextStep::FallBack,
        },
        ErrorClass::Auth | ErrorClass::Timeout | ErrorClass::BadRequest => NextStep::FallBack,
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
    fn each_class_has_its_rule() {
        let ms = |ms| NextStep::Again(Duration::from_millis(ms));
        for (class, retry_after, shown, tries, next) in [
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
        ] {
            assert_eq!(
                after(&error(class, retry_after), shown, tries),
                next,
                "{class:?} {retry_after:?} {shown} {tries}"
            );
        }
    }

    #[test]
    fn no_class_is_asked_for_ever() {
        for class in ErrorClass::ALL {
            assert!(
                !matches!(
                    after(&error(*class, Some(0)), false, TRIES),
                    NextStep::Again(_)
                ),
                "{class:?}"
            );
        }
    }
}
