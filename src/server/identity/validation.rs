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

/// Validates a new password of the account with this address. Errors: `Refused` if it is too short,
/// too long or easily guessed.
pub(crate) fn checked_password(password: &str, email: &str) -> Result<String> {
    match password_problem(password, email) {
        Some(why) => Err(Error::refused("password", why)),
        None => Ok(password.to_owned()),
    }
}

/// Why a new password of the account with this address is refused: it is too short, too long or
/// easily guessed.
pub(super) fn password_problem(password: &str, email: &str) -> Option<String> {
    if password.chars().count() < password::MIN_CHARS || password.len() > password::MAX_BYTES {
        return Some(password::rule());
    }
    password::is_easily_guessed(password, email).then(|| password::EASILY_GUESSED.to_owned())
}

#[cfg(test)]
mod tests {
    use super::checked_password;

    #[test]
    fn passwords_by_table() {
        for (password, why) in [
            ("correct horse", None),
            ("a lighthouse at dusk", None),
            ("xQ7-pflaume", None),
            ("短い犬は走るのが速い", None),
            ("short", Some("must be")),
            ("12345678", Some("easily guessed")),
            ("password1", Some("easily guessed")),
            ("Passw0rd", Some("easily guessed")),
            ("qwertyuiop", Some("easily guessed")),
            ("aaaaaaaaaaaa", Some("easily guessed")),
            ("abcdefgh", Some("easily guessed")),
            ("lovelace1", Some("easily guessed")),
            ("holly123", Some("easily guessed")),
        ] {
            let result = checked_password(password, "ada.lovelace1@example.org");
            let error = result.err().map(|error| error.to_string());
            match (error, why) {
                (None, None) => {}
                (Some(error), Some(why)) => assert!(error.contains(why), "{password}: {error}"),
                (error, _) => panic!("{password}: {error:?}"),
            }
        }
        let long = "é".repeat(129);
        assert!(checked_password(&long, "ada@example.org").is_err());
    }
}
