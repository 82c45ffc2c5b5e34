//! Validation of email addresses and passwords.

use super::password;
use crate::server::base::error::{Error, Result};

/// Maximum length of an address in bytes (RFC 5321, section 4.5.3.1).
const EMAIL_MAX_BYTES: usize = 254;

/// Validates an address and returns it in its stored form.
pub(crate) fn checked_email(email: &str) -> Result<String> {
    let refused = || Error::refused("email", "must be an address such as ada@example.org");
    let email = email.trim();
    // before it is copied
    if email.len() > EMAIL_MAX_BYTES {
        return Err(refused());
    }
    let email = email.to_lowercase();
    let plausible = email
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    if !plausible
        || email.len() > EMAIL_MAX_BYTES
        || email.contains(|letter: char| letter.is_whitespace() || letter.is_control())
    {
        return Err(refused());
    }
    Ok(email)
}

/// Validates a new password. Errors: `Refused` if it is too short or too long.
pub(crate) fn checked_password(password: &str) -> Result<String> {
    if password.chars().count() < password::MIN_CHARS || password.len() > password::MAX_BYTES {
        return Err(Error::refused("password", password::rule()));
    }
    Ok(password.to_owned())
}
