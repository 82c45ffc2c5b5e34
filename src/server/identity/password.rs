//! Passwords: Argon2id with the library's defaults, which are OWASP's minimum (19 MiB, 2 passes).
//! Hashing runs on blocking threads, two at a time: each hash takes 19 MiB, and requests must not
//! be able to exhaust memory.

use crate::server::base::error::{Error, Result};
use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use std::sync::LazyLock;
use tokio::sync::Semaphore;

/// Minimum password length in characters.
pub(super) const MIN_CHARS: usize = 8;
/// Maximum password length in bytes; longer ones are rejected, never cut.
pub(super) const MAX_BYTES: usize = 256;

/// Why a password is too short or too long.
pub(super) fn rule() -> String {
    format!("must be {MIN_CHARS} characters to {MAX_BYTES} bytes")
}

/// Why a password that can be guessed was refused.
pub(super) const EASILY_GUESSED: &str =
    "is easily guessed: it is common, or follows a pattern; use several unrelated words";

/// How much of a password is judged; the time for it grows faster than its length.
const JUDGED_CHARS: usize = 64;

/// Whether a password takes fewer than a million guesses by the estimate of zxcvbn, which knows
/// some 30,000 common ones, names, sequences and patterns of keys. The parts of `email` count as
/// common.
pub(super) fn is_easily_guessed(password: &str, email: &str) -> bool {
    let words = email.split(['@', '.']).chain([email, "holly"]);
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let password: String = password.chars().take(JUDGED_CHARS).collect();
    zxcvbn::zxcvbn(&password, &words).score() < zxcvbn::Score::Two
}

/// Permits for concurrent hashes.
static HASH_PERMITS: Semaphore = Semaphore::const_new(2);
/// The most requests that hash or wait for it; about two seconds of work.
const MAX_QUEUED: usize = 64;
/// Permits for those.
static QUEUE_PERMITS: Semaphore = Semaphore::const_new(MAX_QUEUED);
/// When a client that was refused may try again.
const RETRY_AFTER_S: u64 = 5;

/// Verified if there is no account, so that the answer takes as long as for a wrong password.
static DUMMY_HASH: LazyLock<String> = LazyLock::new(|| hash_blocking("nobody has this password"));

fn hash_blocking(password: &str) -> String {
    Argon2::default()
        .hash_password(password.as_bytes())
        .expect("Argon2's default parameters are valid")
        .to_string()
}

fn verify_blocking(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

/// Hashes a password; the result is in PHC format. Errors: too many wait.
pub(crate) async fn hash(password: String) -> Result<String> {
    spawn_limited(move || hash_blocking(&password)).await
}

/// Whether the password matches `hash`; false without a hash, after the same time. Errors: too many
/// wait.
pub(super) async fn verify(password: String, hash: Option<String>) -> Result<bool> {
    spawn_limited(move || match hash {
        Some(hash) => verify_blocking(&password, &hash),
        None => {
            verify_blocking(&password, &DUMMY_HASH);
            false
        }
    })
    .await
}

async fn spawn_limited<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let _place = QUEUE_PERMITS.try_acquire().map_err(|_| Error::TooMany {
        after_s: RETRY_AFTER_S,
        why: format!("too many sign-ins at once; try again in {RETRY_AFTER_S} s"),
    })?;
    let _permit = HASH_PERMITS
        .acquire()
        .await
        .expect("the semaphore is never closed");
    let result = tokio::task::spawn_blocking(work).await;
    Ok(result.expect("hashing does not panic"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_only_its_own_hash() {
        let hash = hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(
            verify("correct horse".into(), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(!verify("wrong horse".into(), Some(hash)).await.unwrap());
        assert!(
            !verify("nobody has this password".into(), None)
                .await
                .unwrap()
        );
    }
}
