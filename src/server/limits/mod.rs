//! Every limit by person or address, in one place. What goes by the minute is kept in this process
//! only (`attempts`), so N processes allow up to N times as much; what costs money or room is
//! counted in the database and holds over all of them (`day`: tokens and uploads; `bounds`: what a
//! new turn must fit in). `settings` has the numbers.

mod attempts;
mod bounds;
pub mod daily_tokens;
pub mod settings;

pub use attempts::Attempts;
pub use bounds::{TurnLimits, check_room};
pub use daily_tokens::DailyTokens;

use super::base::clock::Clock;
use settings::LimitConfig;

/// Tries to sign in, by account and by address, in a minute; whatever asks for a password counts.
const SIGN_INS_PER_MINUTE: u32 = 10;
/// People who come back from the sign-in provider, by address, in a minute: a household or an
/// office may be behind one.
const CALLBACKS_PER_MINUTE: u32 = 60;
/// Invitations that an admin makes in a minute.
const INVITES_PER_MINUTE: u32 = 20;

/// Limits by person and address.
pub struct Limits {
    /// Tries to sign in, and whatever else asks for a password or the secret of an invitation.
    pub sign_in: Attempts,
    /// People who come back from the sign-in provider.
    pub callbacks: Attempts,
    /// Entries, conversations and keys that are made over HTTP.
    pub creates: Attempts,
    /// Turns that are started.
    pub messages: Attempts,
    /// Files that are sent.
    pub uploads: Attempts,
    /// People who are invited.
    pub invites: Attempts,
    /// Tokens of models in a day.
    pub tokens: DailyTokens,
    /// What a new turn must fit in.
    pub bounds: TurnLimits,
    /// Streams held open at once; 0 for no limit.
    pub streams: usize,
}

impl Limits {
    /// The limits that the settings ask for.
    pub fn new(config: &LimitConfig, clock: &Clock) -> Self {
        Self {
            sign_in: Attempts::per_minute(SIGN_INS_PER_MINUTE, clock),
            callbacks: Attempts::per_minute(CALLBACKS_PER_MINUTE, clock),
            creates: Attempts::per_minute(config.creates_per_minute, clock),
            messages: Attempts::per_minute(config.messages_per_minute, clock),
            uploads: Attempts::per_minute(config.uploads_per_minute, clock),
            invites: Attempts::per_minute(INVITES_PER_MINUTE, clock),
            tokens: DailyTokens {
                a_day: config.tokens_per_day,
            },
            bounds: config.bounds,
            streams: config.max_streams,
        }
    }

    /// Forgets who is back at their full allowance.
    pub fn forget_idle(&self) {
        for attempts in [
            &self.sign_in,
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
