//! How the machine stands. Each state carries what only it needs, so that a timer without a stream,
//! or a stream while offline, cannot be written down.

/// How rows reach this tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing is open and nothing is due.
    Paused(Pause),
    /// Reloading the page has not helped so far; it is loaded anew later.
    Resetting { until_ms: i64 },
    /// This tab's own stream is open, or opening.
    Streaming { stage: Stage, heard_ms: i64 },
    /// The last try failed; the next one is due.
    Waiting { until_ms: i64 },
    /// Streaming failed too often: rows are asked for, and the stream is tried now and then.
    Polling {
        poll: Poll,
        trial: Trial,
        answered: bool,
    },
    /// The leading tab shares what it hears. `ahead` is the highest revision heard of; `poll` is
    /// there while this tab is behind.
    Following {
        heard_ms: i64,
        poll: Option<Poll>,
        ahead: i64,
        joined: bool,
    },
}

/// Why nothing is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pause {
    Offline,
    Hidden,
    /// For good.
    SignedOut,
    /// For good: the page is being loaded anew.
    Reloading,
}

/// How far a stream has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Opening,
    /// Answered, but not a frame yet.
    Open,
    Flowing,
}

/// A poll that is under way, or the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Poll {
    Asked { since_ms: i64 },
    Due { at_ms: i64 },
}

/// The stream beside a poll: tried, or to be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trial {
    Opening { since_ms: i64 },
    Due { at_ms: i64 },
}

/// No frame, or no answer, for so long means that there will be none.
pub(super) const SILENCE_MS: i64 = 40_000;

impl State {
    /// When something is due, if ever.
    pub(super) fn due_ms(self) -> Option<i64> {
        match self {
            Self::Paused(_) => None,
            Self::Streaming { heard_ms, .. } => Some(heard_ms + SILENCE_MS),
            Self::Waiting { until_ms } | Self::Resetting { until_ms } => Some(until_ms),
            Self::Polling { poll, trial, .. } => Some(poll.due_ms().min(trial.due_ms())),
            Self::Following { heard_ms, poll, .. } => {
                let silence = heard_ms + SILENCE_MS;
                Some(poll.map_or(silence, |poll| poll.due_ms().min(silence)))
            }
        }
    }

    /// Whether this tab has a stream of its own.
    pub(super) fn has_stream(self) -> bool {
        matches!(
            self,
            Self::Streaming { .. }
                | Self::Polling {
                    trial: Trial::Opening { .. },
                    ..
                }
        )
    }

    /// Whether it stays so whatever happens.
    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::Paused(Pause::SignedOut | Pause::Reloading))
    }
}

impl Poll {
    pub(super) fn due_ms(self) -> i64 {
        match self {
            Self::Asked { since_ms } => since_ms + SILENCE_MS,
            Self::Due { at_ms } => at_ms,
        }
    }
}

impl Trial {
    pub(super) fn due_ms(self) -> i64 {
        match self {
            Self::Opening { since_ms } => since_ms + SILENCE_MS,
            Self::Due { at_ms } => at_ms,
        }
    }
}
