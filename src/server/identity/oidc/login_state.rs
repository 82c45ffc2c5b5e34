//! The state of a sign-in between leaving for the provider and coming back. The browser keeps one
//! secret in a cookie. State, nonce and PKCE verifier (RFC 7636) are separate hashes of it, so the
//! URLs seen by the provider and its logs do not reveal it, and only the browser that started the
//! sign-in can complete it.

use crate::server::base::digest::{constant_time_eq, sha256_hex};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// Maximum length of the path to open after sign-in.
const NEXT_MAX_BYTES: usize = 1_000;
/// Ends the cookie of a sign-in that confirms an action.
const CONFIRMS: &str = ".confirm";

/// A sign-in in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginState {
    secret: String,
    /// The path to open after sign-in.
    pub next: String,
    /// Whether the provider is asked for a sign-in in the last minutes, to confirm an action.
    pub confirms: bool,
}

impl LoginState {
    /// Starts a sign-in with a secret of 256 random bits in hexadecimal.
    pub fn new(secret: String, next: String, confirms: bool) -> Self {
        Self {
            secret,
            next: if next.len() > NEXT_MAX_BYTES {
                "/".to_owned()
            } else {
                next
            },
            confirms,
        }
    }

    /// Reads a sign-in from its cookie.
    pub fn from_cookie(cookie: &str) -> Option<Self> {
        let (secret, next) = cookie.split_once('.')?;
        let (next, confirms) = match next.strip_suffix(CONFIRMS) {
            Some(next) => (next, true),
            None => (next, false),
        };
        let next = String::from_utf8(URL_SAFE_NO_PAD.decode(next).ok()?).ok()?;
        (secret.len() == 64).then(|| Self {
            secret: secret.to_owned(),
            next,
            confirms,
        })
    }

    /// The cookie's value.
    pub fn cookie(&self) -> String {
        let confirms = if self.confirms { CONFIRMS } else { "" };
        let next = URL_SAFE_NO_PAD.encode(&self.next);
        format!("{}.{next}{confirms}", self.secret)
    }

    /// The `state` parameter.
    pub fn state(&self) -> String {
        self.hashed("state")
    }

    /// Verifies the `state` parameter in constant time.
    pub fn verify_state(&self, state: &str) -> bool {
        constant_time_eq(&self.state(), state)
    }

    /// The nonce that the ID token must repeat.
    pub fn nonce(&self) -> String {
        self.hashed("nonce")
    }

    /// The PKCE code verifier.
    pub fn verifier(&self) -> String {
        self.hashed("verifier")
    }

    /// The PKCE code challenge, the hash of the verifier.
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier().as_bytes()))
    }

    fn hashed(&self, purpose: &str) -> String {
        sha256_hex(&format!("{purpose} {}", self.secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_state_round_trips_through_its_cookie() {
        let confirmation = LoginState::new("a".repeat(64), "/c/1?x=y;z".to_owned(), true);
        let login = LoginState {
            confirms: false,
            ..confirmation.clone()
        };
        for state in [&login, &confirmation] {
            assert_eq!(
                LoginState::from_cookie(&state.cookie()).as_ref(),
                Some(state)
            );
        }
        assert!(login.verify_state(&login.state()));
        assert!(!login.verify_state(&login.nonce()) && !login.verify_state(""));
        assert_eq!(LoginState::from_cookie("short.Lw"), None);
        assert_eq!(LoginState::from_cookie(""), None);
        assert_eq!(
            LoginState::new("a".repeat(64), "/".repeat(1_001), false).next,
            "/"
        );
    }

    #[test]
    fn the_challenge_is_the_hash_of_the_verifier() {
        let login = LoginState::new("a".repeat(64), "/".to_owned(), false);
        assert!((43..=128).contains(&login.verifier().len()));
        assert_eq!(
            login.challenge(),
            URL_SAFE_NO_PAD.encode(Sha256::digest(login.verifier().as_bytes()))
        );
    }
}
