//! This tab's own stream: opening it, what it says, and what follows when it breaks.

use super::{
    Command, Machine, Place,
    polling::FALL_BACK_AFTER,
    state::{Pause, Stage, State, Trial},
};
use crate::{
    domain::Frame,
    live::{backoff, machine::Role},
};

/// How long a reader waits that the server could not take, or whose streams fail, in milliseconds;
/// jittered.
pub(super) const LONG_DELAY_MS: i64 = 30_000;

impl Machine {
    pub(super) fn open(&mut self) {
        self.commands.push(Command::Open { after: self.cursor });
        self.state = State::Streaming {
            stage: Stage::Opening,
            heard_ms: self.now.ms,
        };
    }

    /// Closes the stream, if there is one. The state must be set afterwards.
    pub(super) fn close(&mut self) {
        if self.state.has_stream() {
            self.commands.push(Command::Close);
        }
    }

    /// The lock came to this tab: it goes on from its own cursor.
    pub(super) fn leads(&mut self) {
        self.role = Role::Leader;
        if matches!(
            self.state,
            State::Following { .. } | State::Paused(Pause::Hidden)
        ) {
            self.failures = 0;
            self.open();
        }
    }

    pub(super) fn opened(&mut self) {
        if let State::Streaming {
            stage: Stage::Opening,
            heard_ms,
        } = self.state
        {
            self.state = State::Streaming {
                stage: Stage::Open,
                heard_ms,
            };
        }
    }

    pub(super) fn heard(&mut self, frame: Frame) {
        if !self.state.has_stream() {
            return;
        }
        match frame {
            Frame::Change {
                prev,
                cursor,
                change,
            } => match self.place(prev) {
                Place::Foreign => self.reload(),
                Place::Ahead => self.gap(),
                Place::Known => {
                    self.flowing();
                    self.commands.push(Command::Apply(change));
                    self.advance(cursor);
                }
            },
            Frame::Heartbeat { cursor } => {
                self.flowing();
                self.advance(cursor);
            }
            Frame::Growth { message_id, growth } => {
                self.flowing();
                self.commands.push(Command::Grow { message_id, growth });
            }
            Frame::Reset { .. } => self.reload(),
            Frame::Auth => self.sign_out(),
            Frame::Busy => {
                self.close();
                self.poll_instead();
            }
        }
    }

    /// A stream that jumps in its first frame has failed; one that jumps later lost something and
    /// goes on at once.
    fn gap(&mut self) {
        if matches!(
            self.state,
            State::Streaming {
                stage: Stage::Flowing,
                ..
            }
        ) {
            self.close();
            self.open();
        } else {
            self.stream_failed();
        }
    }

    fn flowing(&mut self) {
        self.failures = 0;
        self.state = State::Streaming {
            stage: Stage::Flowing,
            heard_ms: self.now.ms,
        };
    }

    pub(super) fn stream_failed(&mut self) {
        match self.state {
            State::Streaming { .. } => {
                self.close();
                self.failures = self.failures.saturating_add(1);
                self.tell_lost();
                if self.failures >= FALL_BACK_AFTER {
                    self.poll_instead()
                } else {
                    self.wait()
                }
            }
            State::Polling {
                poll,
                answered,
                trial: Trial::Opening { .. },
            } => {
                self.close();
                self.state = State::Polling {
                    poll,
                    answered,
                    trial: self.next_trial(),
                };
            }
            State::Paused(_)
            | State::Resetting { .. }
            | State::Waiting { .. }
            | State::Polling { .. }
            | State::Following { .. } => {}
        }
    }

    /// The other tabs would say "Live" until this one's silence is too long.
    pub(super) fn tell_lost(&mut self) {
        if self.shares() {
            self.commands.push(Command::TellLost);
        }
    }

    pub(super) fn wait(&mut self) {
        let delay = backoff::full_jitter(self.failures, self.now.random);
        self.state = State::Waiting {
            until_ms: self.now.ms + delay,
        };
    }

    pub(super) fn next_trial(&self) -> Trial {
        Trial::Due {
            at_ms: self.now.ms + backoff::around(LONG_DELAY_MS, self.now.random),
        }
    }
}
