//! A setting whose value must not be printed; its `Debug` output hides it.

use std::{convert::Infallible, fmt, str::FromStr};

/// An API key or password from the settings.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The value, for the request that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.trim().to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Shorter secrets can be guessed.
const MIN_CHARS: usize = 16;

/// The problem of a setting whose secret can be guessed.
pub fn short_secret(setting: &str, secret: Option<&str>) -> Option<String> {
    secret.filter(|secret| secret.chars().count() < MIN_CHARS)?;
    Some(format!(
        "{setting} has fewer than {MIN_CHARS} characters and could be guessed; use a longer one, \
         such as the output of `openssl rand -hex 32`"
    ))
}
