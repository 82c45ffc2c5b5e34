//! Living on what the leading tab shares, and catching up by a poll when something is missing.

use super::{
    Command, Machine, Place, Role,
    state::{Pause, Poll, SILENCE_MS, State},
};
use crate::{
    domain::{Cursor, Frame},
    live::{backoff, wire::Page},
};

/// How long a new tab waits for the lock before it takes another to be leading, in milliseconds.
const ELECTION_MS: i64 = 500;

impl Machine {
    pub(super) fn follow(&mut self) {
        let poll = Some(Poll::Due {
            at_ms: self.now.ms + ELECTION_MS,
        });
        self.failures = 0;
        self.state = State::Following {
            heard_ms: self.now.ms,
            poll,
            ahead: self.cursor.rev,
            joined: false,
        };
    }

    /// Another tab took the lock.
    pub(super) fn follows(&mut self) {
        self.role = Role::Follower;
        match self.state {
            State::Paused(Pause::Hidden) => self.follow(),
            State::Paused(_) | State::Resetting { .. } | State::Following { .. } => {}
            State::Streaming { .. } | State::Waiting { .. } | State::Polling { .. } => {
                self.close();
                self.follow();
            }
        }
    }

    pub(super) fn overheard(&mut self, frame: Frame) {
        if !self.hears_leader() {
            return;
        }
        match frame {
            Frame::Change {
                prev,
                cursor,
                change,
            } if matches!(self.place(prev), Place::Known) => {
                self.in_step();
                self.commands.push(Command::Apply(change));
                self.advance(cursor);
            }
            // Unlike on a stream of its own, a heartbeat does not prove that nothing was missed.
            Frame::Change { cursor, .. } | Frame::Heartbeat { cursor } if cursor != self.cursor => {
                self.missed(cursor)
            }
            Frame::Change { .. } | Frame::Heartbeat { .. } => self.in_step(),
            Frame::Growth { message_id, growth } => {
                self.commands.push(Command::Grow { message_id, growth })
            }
            Frame::Auth => self.sign_out(),
            // They concern the leader's cursor and the leader's stream.
            Frame::Reset { .. } | Frame::Busy => {}
        }
    }

    pub(super) fn overheard_page(&mut self, after: Cursor, page: Page) {
        if !self.hears_leader() {
            return;
        }
        let cursor = page.cursor;
        if matches!(self.place(after), Place::Known) && cursor.epoch == self.cursor.epoch {
            self.in_step();
            self.apply_page(after, page);
        } else {
            self.missed(cursor);
        }
    }

    /// The leader is there but has lost the server: this tab sees for itself whether that is so.
    pub(super) fn leader_lost(&mut self) {
        let waits = matches!(
            self.state,
            State::Following {
                poll: Some(Poll::Due { .. }),
                ..
            }
        ) && self.failures > 0;
        if self.hears_leader() && !waits {
            self.failures = self.failures.max(1);
            self.catch_up_now();
        }
    }

    fn hears_leader(&mut self) -> bool {
        if let State::Following { heard_ms, .. } = &mut self.state {
            *heard_ms = self.now.ms;
            return true;
        }
        false
    }

    fn in_step(&mut self) {
        if let State::Following {
            heard_ms,
            poll,
            ahead,
            ..
        } = self.state
            && ahead <= self.cursor.rev
        {
            self.failures = 0;
            let poll = poll.filter(|poll| matches!(poll, Poll::Asked { .. }));
            self.state = State::Following {
                heard_ms,
                poll,
                ahead,
                joined: true,
            };
        }
    }

    /// The leader is further than this tab, or in another life of the database: the server knows
    /// what to do.
    fn missed(&mut self, cursor: Cursor) {
        if cursor.epoch == self.cursor.epoch && cursor.rev <= self.cursor.rev {
            return self.in_step();
        }
        if let State::Following { ahead, .. } = &mut self.state {
            *ahead = cursor.rev.max(*ahead);
            self.missed_text();
        }
    }

    /// A reader lacks what the server has; it is asked for, unless the last try failed.
    pub(super) fn missed_text(&mut self) {
        if let State::Following { poll, .. } = self.state {
            let waits = matches!(poll, Some(Poll::Due { .. })) && self.failures > 0;
            if !waits {
                self.catch_up_now();
            }
        }
    }

    pub(super) fn catch_up_now(&mut self) {
        if let State::Following {
            heard_ms,
            poll,
            ahead,
            joined,
        } = self.state
            && !matches!(poll, Some(Poll::Asked { .. }))
        {
            let poll = Some(self.ask());
            self.state = State::Following {
                heard_ms,
                poll,
                ahead,
                joined,
            };
        }
    }

    /// A poll was answered up to `rev`. What the leader heard in the meantime is asked for at once.
    pub(super) fn caught_up(&mut self, rev: i64, more: bool, moved: bool) {
        if let State::Following {
            heard_ms, ahead, ..
        } = self.state
        {
            self.failures = 0;
            let again = moved && (more || rev < ahead);
            self.state = State::Following {
                heard_ms,
                poll: None,
                ahead: ahead.min(self.cursor.rev),
                joined: true,
            };
            if again {
                self.catch_up_now();
            }
        }
    }

    pub(super) fn catch_up_failed(&mut self) {
        if let State::Following {
            heard_ms,
            ahead,
            joined,
            ..
        } = self.state
        {
            self.failures = self.failures.saturating_add(1);
            let at_ms = self.now.ms + backoff::full_jitter(self.failures, self.now.random);
            self.state = State::Following {
                heard_ms,
                poll: Some(Poll::Due { at_ms }),
                ahead,
                joined,
            };
        }
    }

    pub(super) fn tick_following(&mut self, heard_ms: i64, poll: Option<Poll>) {
        if self.now.ms >= heard_ms + SILENCE_MS {
            self.commands.push(Command::TakeLead);
            self.hears_leader();
            return self.catch_up_now();
        }
        match poll {
            Some(Poll::Due { at_ms }) if self.now.ms >= at_ms => self.catch_up_now(),
            Some(Poll::Asked { since_ms }) if self.now.ms >= since_ms + SILENCE_MS => {
                self.catch_up_failed()
            }
            _ => {}
        }
    }
}
