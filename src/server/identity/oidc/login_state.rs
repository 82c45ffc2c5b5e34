//! One sign-in by browser, between leaving for the provider and coming back. The browser keeps one
//! secret in a cookie; state, nonce and PKCE verifier (RFC 7636) are made from it, each by a hash
//! of its own, so that the address that a provider and its logs see gives none of them away, and
//! only the browser that left can come back.

use crate::server::base::digest::{constant_time_eq, sha256_hex};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// Longest address to go to afterwards.
const NEXT_MAX_BYTES: usize = 1_000;

/// A sign-in that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginState {
    secret: String,
    /// Where to go afterwards: a path of this site.
    pub next: String,
}

impl LoginState {
    /// An attempt with a secret of 256 random bits in hexadecimal.
    pub fn new(secret: String, next: String) -> Self {
        Self {
            secret,
            next: if next.len() > NEXT_MAX_BYTES {
                "/".to_owned()
            } else {
                next
            },
        }
    }

    /// The attempt in its cookie.
    pub fn of(cookie: &str) -> Option<Self> {
        let (secret, next) = cookie.split_once('.')?;
        let next = String::from_utf8(URL_SAFE_NO_PAD.decode(next).ok()?).ok()?;
        (secret.len() == 64).then(|| Self {
            secret: secret.to_owned(),
            next,
        })
    }

    /// The value of its cookie.
    pub fn cookie(&self) -> String {
        format!("{}.{}", self.secret, URL_SAFE_NO_PAD.encode(&self.next))
    }

    /// What the provider sends back with the browser.
    pub fn state(&self) -> String {
        self.hashed("state")
    }

    /// Whether the browser comes back with what it left with.
    pub fn is(&self, state: &str) -> bool {
        constant_time_eq(&self.state(), state)
    }

    /// What the ID token must repeat.
    pub fn nonce(&self) -> String {
        self.hashed("nonce")
    }

    /// What only the browser's own Holly can show with the code.
    pub fn verifier(&self) -> String {
        self.hashed("verifier")
    }

    /// The verifier's hash, told in advance.
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
    fn an_attempt_comes_back_as_it_left() {
        let attempt = LoginState::new("a".repeat(64), "/c/1?x=y;z".to_owned());
        assert_eq!(LoginState::of(&attempt.cookie()), Some(attempt.clone()));
        assert!(attempt.is(&attempt.state()) && !attempt.is(&attempt.nonce()) && !attempt.is(""));
        assert_eq!(LoginState::of("short.Lw"), None);
        assert_eq!(LoginState::of(""), None);
        assert_eq!(LoginState::new("a".repeat(64), "/".repeat(1_001)).next, "/");
    }

    #[test]
    fn the_challenge_is_the_verifier_s_hash() {
        let attempt = LoginState::new("a".repeat(64), "/".to_owned());
        assert!((43..=128).contains(&attempt.verifier().len()));
        assert_eq!(
            attempt.challenge(),
            URL_SAFE_NO_PAD.encode(Sha256::digest(attempt.verifier().as_bytes()))
        );
    }
}
