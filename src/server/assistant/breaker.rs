//! Models that are left alone for a while: one that is over its limit or refuses its key is not
//! asked again by every turn. What is known is this process's own; another learns it by itself.

use super::model::{ErrorClass, ModelError, ModelLink};
use crate::domain::{ids::TurnId, time::Timestamp};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How long a model rests that does not say for how long it is over its limit, in seconds.
const LIMIT_S: u64 = 60;
/// Longest rest, in seconds; also that of a model whose key was refused.
const LONGEST_S: u64 = 600;

/// Which models rest, by [`ModelLink::key`].
#[derive(Debug, Default)]
pub struct Breakers(Mutex<HashMap<String, Rest>>);

/// Why and until when a model rests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rest {
    pub(super) until: Timestamp,
    pub(super) error: ModelError,
    /// The turn that was told last.
    told: Option<TurnId>,
}

impl Breakers {
    /// Lets the model rest if `error` is of a kind that will be there for a while. The demo fails
    /// because it was told to.
    pub(super) fn note(&self, link: &ModelLink, error: &ModelError, now: Timestamp) {
        let seconds = match error.class {
            ErrorClass::RateLimit => error.retry_after_s.unwrap_or(LIMIT_S).min(LONGEST_S),
            ErrorClass::Auth => LONGEST_S,
            _ => return,
        };
        if !link.is_demo() {
            let until = now.plus(i64::try_from(seconds * 1_000).unwrap_or(i64::MAX));
            self.resting().insert(
                link.key(),
                Rest {
                    until,
                    error: error.clone(),
                    told: None,
                },
            );
        }
    }

    /// It answered: whatever was known of it is over.
    pub(super) fn close(&self, link: &ModelLink) {
        self.resting().remove(&link.key());
    }

    /// Why the model rests at `now`, if it does.
    pub(super) fn rest(&self, link: &ModelLink, now: Timestamp) -> Option<Rest> {
        self.resting()
            .get(&link.key())
            .filter(|rest| now < rest.until)
            .cloned()
    }

    /// Whether this turn is yet to be told of the rest; it counts as told from now on.
    pub(super) fn tell(&self, link: &ModelLink, turn: TurnId) -> bool {
        self.resting()
            .get_mut(&link.key())
            .is_some_and(|rest| rest.told.replace(turn) != Some(turn))
    }

    fn resting(&self) -> MutexGuard<'_, HashMap<String, Rest>> {
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
        ModelLink::of(&LinkSpec::new(ProviderKind::Groq, "m"))
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
    fn a_model_over_its_limit_rests_as_long_as_it_says_and_no_longer() {
        let breakers = Breakers::default();
        breakers.note(&link(), &error(ErrorClass::RateLimit, Some(38)), NOW);
        assert!(breakers.rest(&link(), NOW.plus(37_999)).is_some());
        assert_eq!(breakers.rest(&link(), NOW.plus(38_000)), None);
        breakers.note(&link(), &error(ErrorClass::RateLimit, Some(86_400)), NOW);
        assert_eq!(breakers.rest(&link(), NOW.plus(600_000)), None);
    }

    #[test]
    fn an_answer_ends_the_rest_and_other_failures_begin_none() {
        let breakers = Breakers::default();
        breakers.note(&link(), &error(ErrorClass::Auth, None), NOW);
        assert!(breakers.rest(&link(), NOW).is_some());
        breakers.close(&link());
        breakers.note(&link(), &error(ErrorClass::Server, None), NOW);
        assert_eq!(breakers.rest(&link(), NOW), None);
    }

    #[test]
    fn a_turn_is_told_once() {
        let (breakers, turn) = (Breakers::default(), new_id::turn(NOW));
        breakers.note(&link(), &error(ErrorClass::Auth, None), NOW);
        assert_eq!(
            [breakers.tell(&link(), turn), breakers.tell(&link(), turn)],
            [true, false]
        );
        assert!(breakers.tell(&link(), new_id::turn(NOW.plus(1))));
    }
}
