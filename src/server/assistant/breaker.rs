//! Circuit breakers: a model that is over its rate limit or rejects its key is not called again for
//! a while. The state is local to this process.

use super::model::{ErrorClass, ModelError, ModelLink};
use crate::domain::{ids::TurnId, time::Timestamp};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Cooldown of a rate-limited model that sends no `Retry-After`, in seconds.
const DEFAULT_COOLDOWN_S: u64 = 60;
/// Maximum cooldown, in seconds; also that of a model that rejected its key.
const MAX_COOLDOWN_S: u64 = 600;

/// Models in cooldown, by [`ModelLink::key`].
#[derive(Debug, Default)]
pub struct Breakers(Mutex<HashMap<String, Cooldown>>);

/// Why and until when a model is not called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cooldown {
    pub(super) until: Timestamp,
    pub(super) error: ModelError,
    /// The turn that logged it last.
    logged_by: Option<TurnId>,
}

impl Breakers {
    /// Starts a cooldown if `error` is likely to persist. The demo model is exempt: its failures
    /// are scripted.
    pub(super) fn record_failure(&self, link: &ModelLink, error: &ModelError, now: Timestamp) {
        let seconds = match error.class {
            ErrorClass::RateLimit => error
                .retry_after_s
                .unwrap_or(DEFAULT_COOLDOWN_S)
                .min(MAX_COOLDOWN_S),
            ErrorClass::Auth => MAX_COOLDOWN_S,
            _ => return,
        };
        if !link.is_demo() {
            let until = now.plus(i64::try_from(seconds * 1_000).unwrap_or(i64::MAX));
            self.cooldowns().insert(
                link.key(),
                Cooldown {
                    until,
                    error: error.clone(),
                    logged_by: None,
                },
            );
        }
    }

    /// Ends the cooldown of a model that answered.
    pub(super) fn record_success(&self, link: &ModelLink) {
        self.cooldowns().remove(&link.key());
    }

    /// The model's cooldown at `now`, if any.
    pub(super) fn cooldown(&self, link: &ModelLink, now: Timestamp) -> Option<Cooldown> {
        self.cooldowns()
            .get(&link.key())
            .filter(|cooldown| now < cooldown.until)
            .cloned()
    }

    /// Whether this turn must still log the cooldown; true only once per turn.
    pub(super) fn log_once(&self, link: &ModelLink, turn: TurnId) -> bool {
        self.cooldowns()
            .get_mut(&link.key())
            .is_some_and(|cooldown| cooldown.logged_by.replace(turn) != Some(turn))
    }

    fn cooldowns(&self) -> MutexGuard<'_, HashMap<String, Cooldown>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{
        assistant::link::{LinkSpec, ProviderKind},
        base::new_id,
    };

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn link() -> ModelLink {
        ModelLink::new(&LinkSpec::new(ProviderKind::Groq, "m"))
    }

    fn error(class: ErrorClass, retry_after_s: Option<u64>) -> ModelError {
        ModelError {
            class,
            message: String::new(),
            status: None,
            retry_after_s,
        }
    }

    #[test]
    fn a_rate_limited_model_cools_down_for_its_retry_after_up_to_a_maximum() {
        let breakers = Breakers::default();
        breakers.record_failure(&link(), &error(ErrorClass::RateLimit, Some(38)), NOW);
        assert!(breakers.cooldown(&link(), NOW.plus(37_999)).is_some());
        assert_eq!(breakers.cooldown(&link(), NOW.plus(38_000)), None);
        breakers.record_failure(&link(), &error(ErrorClass::RateLimit, Some(86_400)), NOW);
        assert_eq!(breakers.cooldown(&link(), NOW.plus(600_000)), None);
    }

    #[test]
    fn an_answer_ends_the_cooldown_and_other_failures_start_none() {
        let breakers = Breakers::default();
        breakers.record_failure(&link(), &error(ErrorClass::Auth, None), NOW);
        assert!(breakers.cooldown(&link(), NOW).is_some());
        breakers.record_success(&link());
        breakers.record_failure(&link(), &error(ErrorClass::Server, None), NOW);
        assert_eq!(breakers.cooldown(&link(), NOW), None);
    }

    #[test]
    fn a_turn_logs_a_cooldown_once() {
        let (breakers, turn) = (Breakers::default(), new_id::turn(NOW));
        breakers.record_failure(&link(), &error(ErrorClass::Auth, None), NOW);
        assert_eq!(
            [
                breakers.log_once(&link(), turn),
                breakers.log_once(&link(), turn)
            ],
            [true, false]
        );
        assert!(breakers.log_once(&link(), new_id::turn(NOW.plus(1))));
    }
}
