//! What a token says, and whether Holly goes by it. Pure: the signature was checked before, the
//! time is an argument.

use crate::{domain::time::Timestamp, server::identity::checked_email};
use serde_json::{Map, Value};

/// How far the provider's clock may be from ours.
const LEEWAY_MS: i64 = 5_000;
/// Longest subject (OpenID Connect Core, section 2).
const SUBJECT_MAX_BYTES: usize = 255;

/// Why a token opens nothing. `Display` ends the sentence "the token …" and says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is no token, or lacks what every token has.
    #[error("cannot be read; send a signed JWT with `iss`, `sub` and `exp`")]
    Unreadable,
    /// Its algorithm is none that the provider's key is for.
    #[error("is signed with an algorithm that is not accepted for the provider's key")]
    Algorithm,
    /// The provider has no such key.
    #[error("names a key that the provider does not publish")]
    UnknownKey,
    /// Somebody else signed it, or changed it.
    #[error("has a signature that does not fit")]
    Signature,
    /// It comes from another provider.
    #[error("comes from another issuer")]
    Issuer,
    /// It is for somebody else.
    #[error("is for another audience; get one for this server")]
    Audience,
    /// It was issued to a party that is not on the list.
    #[error("was issued to another party")]
    Party,
    /// Its time is over.
    #[error("has expired; get a new one")]
    Expired,
    /// Its time has not come.
    #[error("is not valid yet; compare the clocks")]
    NotYet,
    /// The person has not finished signing in at the provider.
    #[error("is of somebody who has not finished signing in")]
    Pending,
    /// It does not answer this browser's question.
    #[error("does not answer this sign-in")]
    Nonce,
    /// It was issued before the person signed out on all devices.
    #[error("was issued before its owner signed out on all devices; get a new one")]
    SignedOut,
    /// The account is switched off.
    #[error("is of an account that is switched off here; ask an admin")]
    SwitchedOff,
    /// The person is not among those who get in.
    #[error("is of somebody who is not let in here; ask an admin")]
    NotAllowed,
    /// The address belongs to another account.
    #[error("names an address that another account has; ask an admin")]
    Taken,
    /// Nothing is known of the provider, and it does not answer.
    #[error(
        "cannot be checked, because the sign-in provider does not answer; try again in a minute"
    )]
    Unavailable,
}

/// What a signed token says.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    /// Who issued it.
    pub issuer: String,
    /// The person, by an id that only means something with the issuer.
    pub subject: String,
    /// When it was issued; the beginning of time where it does not say.
    pub issued_at: Timestamp,
    /// The person's address in lower case, if the provider has verified it.
    pub email: Option<String>,
    audiences: Vec<String>,
    expires_at: Timestamp,
    not_before: Option<Timestamp>,
    all: Map<String, Value>,
}

impl Claims {
    /// The claims in a token's payload.
    pub fn read(all: Map<String, Value>) -> Result<Self, TokenError> {
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

    /// Whether the token is in force, ours, and of somebody who has signed in. It must come from
    /// `issuer`, be for one of `audiences` (with none it must not name any), and be issued to one
    /// of `parties`, unless there are none.
    pub fn check(
        &self,
        issuer: &str,
        audiences: &[String],
        parties: &[String],
        now: Timestamp,
    ) -> Result<(), TokenError> {
        if self.issuer != issuer {
            return Err(TokenError::Issuer);
        }
        if now.since(self.expires_at) >= LEEWAY_MS {
            return Err(TokenError::Expired);
        }
        if self
            .not_before
            .is_some_and(|begin| begin.since(now) > LEEWAY_MS)
        {
            return Err(TokenError::NotYet);
        }
        let ours = self
            .audiences
            .iter()
            .any(|audience| audiences.contains(audience));
        let nobodys = self.audiences.is_empty() && audiences.is_empty();
        if !ours && !nobodys {
            return Err(TokenError::Audience);
        }
        let party = self.text("azp").unwrap_or_default();
        if !parties.is_empty() && !parties.iter().any(|known| known == party) {
            return Err(TokenError::Party);
        }
        if self.text("sts") == Some("pending") {
            return Err(TokenError::Pending);
        }
        Ok(())
    }

    /// Whether an ID token answers the question with this nonce that the client `client_id` asked.
    pub fn answers(&self, nonce: &str, client_id: &str) -> Result<(), TokenError> {
        if self.text("azp").is_some_and(|party| party != client_id) {
            return Err(TokenError::Party);
        }
        if self.text("nonce") != Some(nonce) {
            return Err(TokenError::Nonce);
        }
        Ok(())
    }

    /// Adds what the provider tells of the same person elsewhere; what the token itself says stays.
    pub fn complete(&mut self, more: Map<String, Value>) {
        if more.get("sub").and_then(Value::as_str) == Some(self.subject.as_str()) {
            self.email = self.email.take().or_else(|| verified_email(&more));
            for (name, value) in more {
                self.all.entry(name).or_insert(value);
            }
        }
    }

    /// Whether the claim at `path` is or holds `value`; `None` where the token does not speak of
    /// it. A path is a claim's name, or names joined by dots.
    pub fn holds(&self, path: &str, value: &str) -> Option<bool> {
        let nested = || {
            let (first, rest) = path.split_once('.')?;
            rest.split('.')
                .try_fold(self.all.get(first)?, |within, name| within.get(name))
        };
        let found = self.all.get(path).or_else(nested)?;
        let is = |found: &Value| {
            found.as_str() == Some(value)
                || found.as_bool().is_some_and(|is| is.to_string() == value)
        };
        Some(is(found) || found.as_array().is_some_and(|values| values.iter().any(is)))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.all.get(name).and_then(Value::as_str)
    }
}

/// Seconds since 1970, whole or not (RFC 7519, NumericDate).
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

/// The address, if the provider says that it is the person's. Some say so with a text.
fn verified_email(all: &Map<String, Value>) -> Option<String> {
    let verified = all
        .get("email_verified")
        .is_some_and(|verified| *verified == Value::Bool(true) || *verified == "true");
    checked_email(all.get("email")?.as_str().filter(|_| verified)?).ok()
}
