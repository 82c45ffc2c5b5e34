//! What the machine is told and what it asks for.

use crate::{
    domain::{AnswerGrowth, Change, Cursor, Frame, ids::MessageId},
    live::wire::{Page, PollFailure},
};

/// The moment of a step, and its chance: both come from outside, so that every run can be told
/// again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// Milliseconds of the browser's clock.
    pub ms: i64,
    /// In `[0, 1)`.
    pub random: f64,
}

/// What this tab is to the other tabs of the same browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It knows of no others: it streams while it is in sight.
    Alone,
    /// It streams for all of them, in sight or not.
    Leader,
    /// It hears what the leader hears.
    Follower,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The stream was answered.
    Opened,
    /// A frame of this tab's own stream.
    Heard(Frame),
    /// The stream broke or was refused.
    Failed,
    /// A frame that the leading tab shared.
    Overheard(Frame),
    /// A poll's answer that the leading tab shared.
    OverheardPage {
        /// The cursor it was asked from.
        after: Cursor,
        /// The rows.
        page: Page,
    },
    /// The leading tab has lost the server.
    LeaderLost,
    /// The answer to a poll of this tab.
    Answered {
        /// The cursor it was asked from.
        after: Cursor,
        /// The rows, or why there are none.
        answer: Result<Page, PollFailure>,
    },
    /// Time passed; due at [`super::Machine::wake_at`], harmless at any other time.
    Tick,
    /// The browser has a network again.
    WentOnline,
    /// The browser lost its network.
    WentOffline,
    /// The page came into sight.
    Shown,
    /// The page went out of sight.
    Hidden,
    /// The person asks for it now.
    RetryNow,
    /// A reader joined whose rows end at this cursor.
    Joined(Cursor),
    /// Text of an answer came whose beginning is missing.
    MissedText,
    /// This tab holds the lock.
    Leads,
    /// Another tab took the lock.
    Follows,
}

/// What is to be done about it.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Open the stream after this cursor.
    Open {
        /// Where to go on.
        after: Cursor,
    },
    /// Close the stream.
    Close,
    /// Ask for the rows after this cursor.
    Poll {
        /// Where to go on.
        after: Cursor,
    },
    /// Give a row to the readers.
    Apply(Box<Change>),
    /// Give growth of an answer that is being written to the readers.
    Grow {
        /// The message that grows.
        message_id: MessageId,
        /// What is new.
        growth: AnswerGrowth,
    },
    /// Tell the tabs that live on this one that it has lost the server.
    TellLost,
    /// Take the lock from a leader that has fallen silent.
    TakeLead,
    /// Let go of the lock: this tab will not stream any more.
    StepDown,
    /// Load the page anew.
    ReloadPage,
}
