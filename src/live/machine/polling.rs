//! Asking for rows where a stream does not work, while trying the stream now and then.

use super::{
    Command, Machine, Place,
    state::{Poll, SILENCE_MS, Stage, State, Trial},
};
use crate::{
    domain::Cursor,
    live::wire::{Page, PollFailure},
};

/// Failures in a row without a frame after which rows are asked for instead.
pub(super) const FALL_BACK_AFTER: u32 = 3;
/// From one poll to the next, in milliseconds.
const POLL_EVERY_MS: i64 = 5_000;

impl Machine {
    pub(super) fn poll_instead(&mut self) {
        let poll = self.ask();
        self.state = State::Polling {
            poll,
            trial: self.next_trial(),
            answered: false,
        };
    }

    pub(super) fn ask(&mut self) -> Poll {
        self.commands.push(Command::Poll { after: self.cursor });
        Poll::Asked {
            since_ms: self.now.ms,
        }
    }

    pub(super) fn answered(&mut self, after: Cursor, answer: Result<Page, PollFailure>) {
        match answer {
            Err(PollFailure::Reset) => self.reload(),
            Err(PollFailure::SignedOut) => self.sign_out(),
            Err(PollFailure::Failed) => self.poll_failed(),
            Ok(page) if page.cursor.epoch != self.cursor.epoch => self.reload(),
            Ok(page) => {
                // Asked before a reader joined with older rows: not an answer to what is missing
                // now.
                let outdated = matches!(self.place(after), Place::Ahead);
                let (rev, more) = (page.cursor.rev, page.more || outdated);
                let moved = self.apply_page(after, page) || outdated;
                match self.state {
                    State::Polling { trial, .. } => self.go_on_polling(trial, more && moved),
                    State::Following { .. } => self.caught_up(rev, more, moved),
                    State::Paused(_)
                    | State::Resetting { .. }
                    | State::Streaming { .. }
                    | State::Waiting { .. } => {}
                }
            }
        }
    }

    fn go_on_polling(&mut self, trial: Trial, at_once: bool) {
        let poll = if at_once {
            self.ask()
        } else {
            Poll::Due {
                at_ms: self.now.ms + POLL_EVERY_MS,
            }
        };
        self.state = State::Polling {
            poll,
            trial,
            answered: true,
        };
    }

    /// The server cannot be reached at all: back to longer and longer waits, or to the stream that
    /// is just opening.
    fn poll_failed(&mut self) {
        match self.state {
            State::Polling {
                poll: Poll::Asked { .. },
                trial,
                ..
            } => {
                self.failures = self.failures.saturating_add(1);
                self.tell_lost();
                match trial {
                    Trial::Opening { since_ms } => {
                        self.state = State::Streaming {
                            stage: Stage::Opening,
                            heard_ms: since_ms,
                        }
                    }
                    Trial::Due { .. } => self.wait(),
                }
            }
            State::Following {
                poll: Some(Poll::Asked { .. }),
                ..
            } => self.catch_up_failed(),
            _ => {}
        }
    }

    pub(super) fn tick_polling(&mut self, poll: Poll, trial: Trial) {
        let due = |at_ms: i64| self.now.ms >= at_ms;
        match (poll, trial) {
            (Poll::Asked { since_ms }, _) if due(since_ms + SILENCE_MS) => self.poll_failed(),
            (_, Trial::Opening { since_ms }) if due(since_ms + SILENCE_MS) => self.stream_failed(),
            _ => {
                let poll_due = matches!(poll, Poll::Due { at_ms } if due(at_ms));
                let trial_due = matches!(trial, Trial::Due { at_ms } if due(at_ms));
                self.go_for(poll, poll_due, trial, trial_due);
            }
        }
    }

    /// The person does not want to wait: both ways at once.
    pub(super) fn hurry_polling(&mut self, poll: Poll, trial: Trial) {
        self.go_for(
            poll,
            matches!(poll, Poll::Due { .. }),
            trial,
            matches!(trial, Trial::Due { .. }),
        );
    }

    fn go_for(&mut self, poll: Poll, ask: bool, trial: Trial, open: bool) {
        let State::Polling { answered, .. } = self.state else {
            return;
        };
        let poll = if ask { self.ask() } else { poll };
        let mut trial = trial;
        if open {
            self.commands.push(Command::Open { after: self.cursor });
            trial = Trial::Opening {
                since_ms: self.now.ms,
            };
        }
        self.state = State::Polling {
            poll,
            trial,
            answered,
        };
    }
}
