//! Token claims and their validation. Pure: the signature is verified before, the time is an
//! argument.

use crate::{
    domain::time::Timestamp,
    server::identity::{RECENT_MS, checked_email},
};
use serde_json::{Map, Value};

/// Maximum length of the subject (OpenID Connect Core, section 2).
const SUBJECT_MAX_BYTES: usize = 255;

/// Why a token is rejected. `Display` completes the sentence "the token …" and says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not a JWT, or lacks required claims.
    #[error("cannot be read; send a signed JWT with `iss`, `sub` and `exp`")]
    Unreadable,
    /// Its algorithm does not belong to the provider's key.
    #[error("is signed with an algorithm that is not accepted for the provider's key")]
    Algorithm,
    /// The provider does not publish this key.
    #[error("names a key that the provider does not publish")]
    UnknownKey,
    /// The signature is invalid.
    #[error("has an invalid signature")]
    Signature,
    /// It was issued by another provider.
    #[error("comes from another issuer")]
    Issuer,
    /// It is for another audience.
    #[error("is for another audience; get one for this server")]
    Audience,
    /// Its authorized party (`azp`) is not allowed.
    #[error("was issued to another party")]
    Party,
    /// It has expired.
    #[error("has expired; get a new one")]
    Expired,
    /// It is not valid yet.
    #[error("is not valid yet; compare the clocks")]
    NotYet,
    /// The user has not finished signing in at the provider.
    #[error("belongs to a user who has not finished signing in")]
    Pending,
    /// It does not tell of a sign-in in the last minutes, which was asked for.
    #[error("does not tell of a sign-in in the last 10 minutes")]
    NotRecent,
    /// Its nonce belongs to another sign-in.
    #[error("has the nonce of another sign-in")]
    Nonce,
    /// It was issued before the user signed out on all devices.
    #[error("was issued before its owner signed out on all devices; get a new one")]
    SignedOut,
    /// The account is disabled.
    #[error("belongs to a disabled account; ask an admin")]
    SwitchedOff,
    /// The user is not allowed to sign in.
    #[error("belongs to a user who is not allowed here; ask an admin")]
    NotAllowed,
    /// The address belongs to another account.
    #[error("has the address of another account; ask an admin")]
    Taken,
    /// The provider's keys are not cached and it is unreachable.
    #[error("cannot be checked: the sign-in provider is unreachable; try again in a minute")]
    Unavailable,
}

/// The claims of a signed token.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    /// The issuer.
    pub issuer: String,
    /// The user's id, unique per issuer.
    pub subject: String,
    /// When it was issued; the epoch if the token does not say.
    pub issued_at: Timestamp,
    /// The user's address in lower case, if the provider has verified it.
    pub email: Option<String>,
    audiences: Vec<String>,
    expires_at: Timestamp,
    not_before: Option<Timestamp>,
    all: Map<String, Value>,
}

impl Claims {
    /// Parses a token's payload.
    pub fn parse(all: Map<String, Value>) -> Result<Self, TokenError> {
        let text = |name: &str| all.get(name).and_then(Value::as_str).map(str::to_owned);
        let time = |name: &str| all.get(name).map(read_time).transpose();
        let subject = text("sub").filter(|subject| {
            (1..=SUBJECT_MAX_BYTES).contains(&subject.len()) && !subject.contains(char::is_control)
        });
        Ok(Self {
            issuer: text("iss").ok_or(TokenError::Unreadable)?,
            subject: subject.ok_or(TokenError::Unreadable)?,
            issued_at: time("iat")?.unwrap_or(Timestamp::from_millis(0)),
            email: verified_email(&all),
            audiences: read_audiences(all.get("aud"))?,
            expires_at: time("exp")?.ok_or(TokenError::Unreadable)?,
            not_before: time("nbf")?,
            all,
        })
    }

    /// Checks that `now` is between the token's times, of which the clock may differ by
    /// `leeway_ms`. A token is not issued in the future either.
    pub fn check_times(&self, leeway_ms: i64, now: Timestamp) -> Result<(), TokenError> {
        if now.millis() >= self.expires_at.millis() + leeway_ms {
            return Err(TokenError::Expired);
        }
        let starts = self.not_before.max(Some(self.issued_at));
        if starts.is_some_and(|starts| starts.since(now) > leeway_ms) {
            return Err(TokenError::NotYet);
        }
        Ok(())
    }

    /// Validates the token: it must come from `issuer`, be for one of `audiences` (if there are
    /// none, it must not name any), and be issued to one of `parties`, unless there are none. Its
    /// user must have finished signing in.
    pub fn check(
        &self,
        issuer: &str,
        audiences: &[String],
        parties: &[String],
    ) -> Result<(), TokenError> {
        if self.issuer != issuer {
            return Err(TokenError::Issuer);
        }
        let matching = self
            .audiences
            .iter()
            .any(|audience| audiences.contains(audience));
        let unrestricted = self.audiences.is_empty() && audiences.is_empty();
        if !matching && !unrestricted {
            return Err(TokenError::Audience);
        }
        let party = self.text("azp").unwrap_or_default();
        if !parties.is_empty() && !parties.iter().any(|allowed| allowed == party) {
            return Err(TokenError::Party);
        }
        if self.text("sts") == Some("pending") {
            return Err(TokenError::Pending);
        }
        Ok(())
    }

    /// Checks that an ID token belongs to the sign-in with this nonce by the client `client_id`.
    pub fn check_nonce(&self, nonce: &str, client_id: &str) -> Result<(), TokenError> {
        if self.text("azp").is_some_and(|party| party != client_id) {
            return Err(TokenError::Party);
        }
        if self.text("nonce") != Some(nonce) {
            return Err(TokenError::Nonce);
        }
        Ok(())
    }

    /// When the user signed in at the provider. Where a recent sign-in was asked for, the token
    /// must tell of one; else a token without `auth_time` stands for a sign-in now.
    pub fn confirmed_at(
        &self,
        now: Timestamp,
        leeway_ms: i64,
        recent: bool,
    ) -> Result<Timestamp, TokenError> {
        let Some(claim) = self.all.get("auth_time") else {
            return if recent {
                Err(TokenError::NotRecent)
            } else {
                Ok(now)
            };
        };
        let at = read_time(claim).unwrap_or(Timestamp::from_millis(0));
        let is_recent =
            at.since(now) <= leeway_ms && now.since(at) <= RECENT_MS.saturating_add(leeway_ms);
        if recent && !is_recent {
            return Err(TokenError::NotRecent);
        }
        Ok(at.min(now))
    }

    /// Adds claims from the userinfo endpoint for the same subject; claims of the token take
    /// precedence.
    pub fn add_userinfo(&mut self, more: Map<String, Value>) {
        if more.get("sub").and_then(Value::as_str) == Some(self.subject.as_str()) {
            self.email = self.email.take().or_else(|| verified_email(&more));
            for (name, value) in more {
                self.all.entry(name).or_insert(value);
            }
        }
    }

    /// The claims with an address that counts although the provider does not say whether it is
    /// verified. An address that it calls unverified does not count.
    pub fn trusting_email(mut self) -> Self {
        let is_silent = self.all.get("email_verified").is_none_or(Value::is_null);
        if self.email.is_none() && is_silent {
            self.email = self
                .text("email")
                .and_then(|email| checked_email(email).ok());
        }
        self
    }

    /// Whether the claim at `path` equals or contains `value`; `None` if the token does not have
    /// the claim. A path is a claim's name, or names joined by dots.
    pub fn contains(&self, path: &str, value: &str) -> Option<bool> {
        let nested = || {
            let (first, rest) = path.split_once('.')?;
            rest.split('.')
                .try_fold(self.all.get(first)?, |claim, name| claim.get(name))
        };
        let claim = self.all.get(path).or_else(nested)?;
        let equals = |claim: &Value| {
            claim.as_str() == Some(value)
                || claim
                    .as_bool()
                    .is_some_and(|flag| flag.to_string() == value)
        };
        Some(
            equals(claim)
                || claim
                    .as_array()
                    .is_some_and(|values| values.iter().any(equals)),
        )
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.all.get(name).and_then(Value::as_str)
    }
}

/// Seconds since 1970, possibly fractional (RFC 7519, NumericDate).
fn read_time(value: &Value) -> Result<Timestamp, TokenError> {
    let seconds = value
        .as_f64()
        .filter(|seconds| (0.0..1e11).contains(seconds))
        .ok_or(TokenError::Unreadable)?;
    Ok(Timestamp::from_millis((seconds * 1_000.0) as i64))
}

fn read_audiences(value: Option<&Value>) -> Result<Vec<String>, TokenError> {
    match value {
        None => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(several)) => several
            .iter()
            .map(|one| one.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or(TokenError::Unreadable),
        Some(_) => Err(TokenError::Unreadable),
    }
}

/// The address, if the provider has verified it. Some providers send the flag as text.
fn verified_email(all: &Map<String, Value>) -> Option<String> {
    let verified = all
        .get("email_verified")
        .is_some_and(|verified| *verified == Value::Bool(true) || *verified == "true");
    checked_email(all.get("email")?.as_str().filter(|_| verified)?).ok()
}
