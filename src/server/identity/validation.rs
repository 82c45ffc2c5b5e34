//! Addresses and passwords that may be those of an account.

use super::password;
use crate::server::base::error::{Error, Result};

/// Longest address, in bytes (RFC 5321, section 4.5.3.1).
const EMAIL_MAX_BYTES: usize = 254;

/// The address in the form in which it is kept.
pub(crate) fn checked_email(email: &str) -> Result<String> {
    let email = email.trim().to_lowercase();
    let plausible = email
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    if !plausible
        || email.len() > EMAIL_MAX_BYTES
        || email.contains(|letter: char| letter.is_whitespace() || letter.is_control())
    {
        return Err(Error::refused(
            "email",
            "must be an address such as ada@example.org",
        ));
    }
    Ok(email)
}

/// A password that may be one. Errors: `Refused` for one that is too short or too long.
pub(crate) fn checked_password(password: &str) -> Result<String> {
    if password.chars().count() < password::MIN_CHARS || password.len() > password::MAX_BYTES {
        return Err(Error::refused("password", password::rule()));
    }
    Ok(password.to_owned())
}
