//! Limits on passwords that are tried. Failures slow down whoever tries, not the owner: a browser
//! that signed in to the account before has an allowance of its own, and so has a user who is
//! signed in.

use super::attempts::Attempts;
use crate::{domain::ids::UserId, server::base::clock::Clock};

/// Per minute and client network; every request with a password or an invitation's secret counts.
const BY_NETWORK: u32 = 10;
/// Per minute and account, from browsers that never signed in to it.
const BY_ACCOUNT: u32 = 60;
/// Per minute and browser that signed in to the account before, or user who confirms an action.
const BY_BROWSER: u32 = 10;

/// Limits on passwords that are tried. An error is the seconds until the next attempt.
pub struct SignInLimits {
    network: Attempts,
    account: Attempts,
    browser: Attempts,
}

impl SignInLimits {
    pub(super) fn new(clock: &Clock) -> Self {
        Self::with([BY_NETWORK, BY_ACCOUNT, BY_BROWSER], clock)
    }

    /// Limits per minute by network, by account, and by known browser.
    pub fn with([network, account, browser]: [u32; 3], clock: &Clock) -> Self {
        Self {
            network: Attempts::per_minute(network, clock),
            account: Attempts::per_minute(account, clock),
            browser: Attempts::per_minute(browser, clock),
        }
    }

    /// Counts an attempt from a client network: to sign in, join or set up.
    pub fn from_network(&self, network: &str) -> Result<(), u64> {
        self.network.check(network)
    }

    /// Counts an attempt to sign in to an account, after [`Self::from_network`].
    pub fn to_account(&self, email: &str) -> Result<(), u64> {
        self.account.check(email)
    }

    /// Counts an attempt by a browser that signed in to the account before.
    pub fn known_browser(&self, token_hash: &str) -> Result<(), u64> {
        self.browser.check(token_hash)
    }

    /// Counts a password that a signed-in user typed to confirm an action.
    pub fn confirmation(&self, user: UserId) -> Result<(), u64> {
        self.browser.check(&user.to_string())
    }

    /// Number of keys that are kept: by network and by account.
    pub fn keys(&self) -> [usize; 2] {
        [self.network.keys(), self.account.keys()]
    }

    pub(super) fn forget_idle(&self) {
        for attempts in [&self.network, &self.account, &self.browser] {
            attempts.forget_idle();
        }
    }
}
