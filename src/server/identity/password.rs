//! Passwords: Argon2id with the library's defaults, which are OWASP's minimum (19 MiB, 2 passes).
//! Hashing runs apart from the request threads, two at a time: each takes 19 MiB, and that must not
//! become a way to exhaust memory.

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use std::sync::LazyLock;
use tokio::sync::Semaphore;

/// Shortest password, in characters.
pub(super) const MIN_CHARS: usize = 8;
/// Longest password, in bytes; longer ones are refused, never cut.
pub(super) const MAX_BYTES: usize = 256;

/// What a password must be.
pub(super) fn rule() -> String {
    format!("must be {MIN_CHARS} characters to {MAX_BYTES} bytes")
}

static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// Checked when there is no account, so that the answer takes as long as for a wrong password.
static NOBODY: LazyLock<String> = LazyLock::new(|| hashed("nobody has this password"));

fn hashed(password: &str) -> String {
    Argon2::default()
        .hash_password(password.as_bytes())
        .expect("Argon2's default parameters are valid")
        .to_string()
}

fn matches(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

/// The password's hash in PHC form.
pub(crate) async fn hash(password: String) -> String {
    apart(move || hashed(&password)).await
}

/// Whether the password is the one behind `hash`; without a hash it never is, after the same time.
pub(super) async fn verify(password: String, hash: Option<String>) -> bool {
    apart(move || match hash {
        Some(hash) => matches(&password, &hash),
        None => {
            matches(&password, &NOBODY);
            false
        }
    })
    .await
}

async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let _permit = AT_ONCE
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
    async fn a_password_opens_its_own_hash_only() {
        let hash = hash("correct horse".into()).await;
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify("correct horse".into(), Some(hash.clone())).await);
        assert!(!verify("wrong horse".into(), Some(hash)).await);
        assert!(!verify("nobody has this password".into(), None).await);
    }
}
