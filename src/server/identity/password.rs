//! Passwords: Argon2id with the library's defaults, which are OWASP's minimum (19 MiB, 2 passes).
//! Hashing runs on blocking threads, two at a time: each hash takes 19 MiB, and requests must not
//! be able to exhaust memory.

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use std::sync::LazyLock;
use tokio::sync::Semaphore;

/// Minimum password length in characters.
pub(super) const MIN_CHARS: usize = 8;
/// Maximum password length in bytes; longer ones are rejected, never cut.
pub(super) const MAX_BYTES: usize = 256;

/// The rule for passwords, as an error message.
pub(super) fn rule() -> String {
    format!("must be {MIN_CHARS} characters to {MAX_BYTES} bytes")
}

/// Permits for concurrent hashes.
static HASH_PERMITS: Semaphore = Semaphore::const_new(2);

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

/// Hashes a password; the result is in PHC format.
pub(crate) async fn hash(password: String) -> String {
    spawn_limited(move || hash_blocking(&password)).await
}

/// Whether the password matches `hash`; false without a hash, after the same time.
pub(super) async fn verify(password: String, hash: Option<String>) -> bool {
    spawn_limited(move || match hash {
        Some(hash) => verify_blocking(&password, &hash),
        None => {
            verify_blocking(&password, &DUMMY_HASH);
            false
        }
    })
    .await
}

async fn spawn_limited<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let _permit = HASH_PERMITS
        .acquire()
        .await
        .expect("the semaphore is never closed");
    tokio::task::spawn_blocking(work)
        .await
        .expect("hashing does not panic")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_only_its_own_hash() {
        let hash = hash("correct horse".into()).await;
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify("correct horse".into(), Some(hash.clone())).await);
        assert!(!verify("wrong horse".into(), Some(hash)).await);
        assert!(!verify("nobody has this password".into(), None).await);
    }
}
