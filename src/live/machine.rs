//! The rules by which a page follows its owner's feed: one pure step from what happened to what is
//! to be done. No browser, no clock, no chance in here; `feed` is the shell that does what is
//! asked.
//!
//! - A row is given on only when nothing lies between it and the cursor; the cursor only moves
//!   forward.
//! - `prev` ahead of the cursor is a gap: close, open again from the own cursor. `prev` behind it
//!   is an overlap.
//! - Three failures in a row without a frame: poll, and try the stream every half minute.
//! - A cursor that cannot be continued: load the page anew, at once a few times, then ever more
//!   seldom.

mod following;
mod input;
mod polling;
mod state;
mod streaming;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;

pub use input::{Command, Input, Moment, Role};

use super::{backoff, connection::Connection, wire::Page};
use crate::domain::Cursor;
use state::{Pause, Poll, Stage, State};

/// One reader of one owner's feed.
#[derive(Debug, Clone)]
pub struct Machine {
    cursor: Cursor,
    role: Role,
    shown: bool,
    /// Tries in a row that failed without a frame.
    failures: u32,
    /// How often the page was loaded anew of late because its cursor could not be continued.
    reloads: u32,
    state: State,
    now: Moment,
    commands: Vec<Command>,
}

/// How a cursor of the feed stands to the one held.
enum Place {
    /// In another life of the database.
    Foreign,
    /// Nothing lies between it and what is held.
    Known,
    /// Something is missing in between.
    Ahead,
}

/// Reloads in a row that follow at once; a server that refuses the cursor of every page must not be
/// hammered.
const RELOADS_AT_ONCE: u32 = 3;

impl Machine {
    /// A reader that holds everything up to `cursor`, and its first commands.
    pub fn start(
        cursor: Cursor,
        role: Role,
        shown: bool,
        online: bool,
        now: Moment,
    ) -> (Self, Vec<Command>) {
        let state = State::Paused(Pause::Offline);
        let mut machine = Self {
            cursor,
            role,
            shown,
            failures: 0,
            reloads: 0,
            state,
            now,
            commands: Vec::new(),
        };
        if online {
            machine.resume();
        }
        let commands = std::mem::take(&mut machine.commands);
        (machine, commands)
    }

    /// The same reader on a page that was loaded anew `reloads` times of late.
    pub fn after_reloads(self, reloads: u32) -> Self {
        Self { reloads, ..self }
    }

    /// Takes in what happened and says what is to be done, in this order.
    pub fn step(&mut self, input: Input, now: Moment) -> Vec<Command> {
        self.now = now;
        if !self.state.is_final() {
            self.take(input);
        }
        std::mem::take(&mut self.commands)
    }

    fn take(&mut self, input: Input) {
        if let State::Resetting { .. } = self.state {
            return self.take_resetting(&input);
        }
        match input {
            Input::Opened => self.opened(),
            Input::Heard(frame) => self.heard(frame),
            Input::Failed => self.stream_failed(),
            Input::Overheard(frame) => self.overheard(frame),
            Input::OverheardPage { after, page } => self.overheard_page(after, page),
            Input::LeaderLost => self.leader_lost(),
            Input::Answered { after, answer } => self.answered(after, answer),
            Input::Tick => self.tick(),
            Input::WentOnline if self.state == State::Paused(Pause::Offline) => self.resume(),
            Input::WentOffline => self.pause(Pause::Offline),
            Input::Shown => self.shown(),
            Input::Hidden => self.hidden(),
            Input::RetryNow => self.retry_now(),
            Input::Joined(cursor) => self.joined(cursor),
            Input::MissedText => self.missed_text(),
            Input::Leads => self.leads(),
            Input::Follows => self.follows(),
            Input::WentOnline => {}
        }
    }

    /// How the page stands to the feed.
    pub fn connection(&self) -> Connection {
        let retrying = |at_ms| Connection::Retrying {
            attempt: self.failures,
            at_ms,
        };
        match self.state {
            State::Paused(Pause::Offline) => Connection::Offline,
            State::Paused(Pause::SignedOut) => Connection::SignedOut,
            State::Streaming {
                stage: Stage::Open | Stage::Flowing,
                ..
            } => Connection::Live,
            State::Waiting { until_ms } | State::Resetting { until_ms } => retrying(until_ms),
            State::Polling { answered: true, .. } => Connection::Polling,
            State::Following {
                poll: Some(Poll::Due { at_ms }),
                ..
            } if self.failures > 0 => retrying(at_ms),
            State::Following { joined: true, .. } if self.failures == 0 => Connection::Live,
            State::Paused(_)
            | State::Streaming { .. }
            | State::Polling { .. }
            | State::Following { .. } => Connection::Connecting,
        }
    }

    /// When the next [`Input::Tick`] is due, in milliseconds of the browser's clock.
    pub fn wake_at(&self) -> Option<i64> {
        self.state.due_ms()
    }

    /// Whether other tabs live on what this one hears.
    pub fn shares(&self) -> bool {
        self.role == Role::Leader && !self.state.is_final()
    }

    fn tick(&mut self) {
        match self.state {
            State::Paused(_) | State::Resetting { .. } => {}
            State::Streaming { .. } if self.due() => self.stream_failed(),
            State::Waiting { .. } if self.due() => self.open(),
            State::Streaming { .. } | State::Waiting { .. } => {}
            State::Polling { poll, trial, .. } => self.tick_polling(poll, trial),
            State::Following { heard_ms, poll, .. } => self.tick_following(heard_ms, poll),
        }
    }

    fn due(&self) -> bool {
        self.state
            .due_ms()
            .is_some_and(|due_ms| self.now.ms >= due_ms)
    }

    fn resume(&mut self) {
        match self.role {
            Role::Alone if !self.shown => self.pause(Pause::Hidden),
            Role::Alone | Role::Leader => self.open(),
            Role::Follower => self.follow(),
        }
    }

    fn pause(&mut self, why: Pause) {
        self.close();
        self.state = State::Paused(why);
    }

    fn shown(&mut self) {
        self.shown = true;
        if self.state == State::Paused(Pause::Hidden) {
            self.resume();
        }
    }

    fn hidden(&mut self) {
        self.shown = false;
        if self.role == Role::Alone && !matches!(self.state, State::Paused(_)) {
            self.pause(Pause::Hidden);
        }
    }

    fn retry_now(&mut self) {
        match self.state {
            State::Waiting { .. } => self.open(),
            State::Polling { poll, trial, .. } => self.hurry_polling(poll, trial),
            State::Following {
                poll: Some(Poll::Due { .. }),
                ..
            } => self.catch_up_now(),
            State::Paused(Pause::Offline) => self.resume(),
            State::Paused(_)
            | State::Resetting { .. }
            | State::Streaming { .. }
            | State::Following { .. } => {}
        }
    }

    /// A reader whose rows end earlier than what is held: go back for it; the others pass over what
    /// they know.
    fn joined(&mut self, cursor: Cursor) {
        if cursor.epoch != self.cursor.epoch {
            return self.reload();
        }
        if cursor.rev >= self.cursor.rev {
            return;
        }
        self.cursor = cursor;
        match self.state {
            State::Paused(_) | State::Resetting { .. } | State::Waiting { .. } => {}
            State::Following { .. } => self.catch_up_now(),
            State::Streaming { .. } | State::Polling { .. } => {
                self.close();
                self.open();
            }
        }
    }

    fn reload(&mut self) {
        self.pause(Pause::Reloading);
        self.commands.push(Command::StepDown);
        match self.reloads.checked_sub(RELOADS_AT_ONCE) {
            None => self.commands.push(Command::ReloadPage),
            Some(in_vain) => {
                let delay =
                    backoff::full_jitter(in_vain + 1, self.now.random).max(backoff::BASE_MS);
                self.state = State::Resetting {
                    until_ms: self.now.ms + delay,
                };
            }
        }
    }

    fn take_resetting(&mut self, input: &Input) {
        if *input == Input::RetryNow || self.due() {
            self.state = State::Paused(Pause::Reloading);
            self.commands.push(Command::ReloadPage);
        }
    }

    fn sign_out(&mut self) {
        self.pause(Pause::SignedOut);
        self.commands.push(Command::StepDown);
    }

    fn place(&self, cursor: Cursor) -> Place {
        match cursor {
            Cursor { epoch, .. } if epoch != self.cursor.epoch => Place::Foreign,
            Cursor { rev, .. } if rev > self.cursor.rev => Place::Ahead,
            Cursor { .. } => Place::Known,
        }
    }

    /// Gives a page's rows on when nothing lies between it and the cursor; says whether the cursor
    /// moved.
    fn apply_page(&mut self, after: Cursor, page: Page) -> bool {
        if !matches!(self.place(after), Place::Known) || page.cursor.epoch != self.cursor.epoch {
            return false;
        }
        let held = self.cursor.rev;
        self.commands.extend(
            page.changes
                .into_iter()
                .map(|change| Command::Apply(Box::new(change))),
        );
        let grow = |(message_id, growth)| Command::Grow { message_id, growth };
        self.commands.extend(page.growing.into_iter().map(grow));
        self.advance(page.cursor);
        self.cursor.rev > held
    }

    fn advance(&mut self, cursor: Cursor) {
        if cursor.epoch == self.cursor.epoch && cursor.rev > self.cursor.rev {
            self.cursor = cursor;
        }
    }
}
