//! All limits by user or client address. Rates per minute are counted in this process only
//! (`attempts`; `bounded_keys` is what they keep), so N processes allow up to N times as much. What
//! costs money or disk space is counted in the database for all processes (`daily_tokens`;
//! `turn_limits` for new turns). The numbers are in `settings`.

mod attempts;
mod bounded_keys;
pub mod daily_tokens;
pub mod settings;
mod sign_in;
mod turn_limits;

pub use attempts::Attempts;
pub use daily_tokens::DailyTokens;
pub use sign_in::SignInLimits;
pub use turn_limits::{TurnLimits, check_file_quota};

use super::base::clock::Clock;
use settings::LimitConfig;

/// Returns from the sign-in provider per minute, by client address; a household or an office may
/// share one.
const CALLBACKS_PER_MINUTE: u32 = 60;
/// Invitations per minute and admin.
const INVITES_PER_MINUTE: u32 = 20;

/// All limits.
pub struct Limits {
    /// Passwords and secrets of invitations that are tried.
    pub sign_in: SignInLimits,
    /// Events of the audit log about a network that is over its limit.
    pub limited_events: Attempts,
    /// Requests of a user to what has no limit of its own.
    pub requests: Attempts,
    /// Returns from the sign-in provider.
    pub callbacks: Attempts,
    /// Entries, conversations and keys created over HTTP.
    pub creates: Attempts,
    /// Started turns.
    pub messages: Attempts,
    /// Uploaded files.
    pub uploads: Attempts,
    /// Invitations.
    pub invites: Attempts,
    /// Model tokens per day.
    pub tokens: DailyTokens,
    /// Limits on a new turn.
    pub bounds: TurnLimits,
    /// Concurrent streams per user; 0 for no limit.
    pub streams: usize,
}

impl Limits {
    /// The limits of the settings.
    pub fn new(config: &LimitConfig, clock: &Clock) -> Self {
        Self {
            sign_in: SignInLimits::new(clock),
            limited_events: Attempts::per_minute(1, clock),
            requests: Attempts::per_minute(config.requests_per_minute, clock),
            callbacks: Attempts::per_minute(CALLBACKS_PER_MINUTE, clock),
            creates: Attempts::per_minute(config.creates_per_minute, clock),
            messages: Attempts::per_minute(config.messages_per_minute, clock),
            uploads: Attempts::per_minute(config.uploads_per_minute, clock),
            invites: Attempts::per_minute(INVITES_PER_MINUTE, clock),
            tokens: DailyTokens {
                per_day: config.tokens_per_day,
            },
            bounds: config.bounds,
            streams: config.max_streams,
        }
    }

    /// Drops keys that have their full allowance again.
    pub fn forget_idle(&self) {
        self.sign_in.forget_idle();
        for attempts in [
            &self.limited_events,
            &self.requests,
            &self.callbacks,
            &self.creates,
            &self.messages,
            &self.uploads,
            &self.invites,
        ] {
            attempts.forget_idle();
        }
    }
}
