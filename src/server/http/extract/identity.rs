//! The caller's identity, which `middleware::identity` adds to the request. Handlers take
//! [`CurrentUser`] or [`Identity`].

use crate::{
    domain::{Account, time::Timestamp},
    server::{
        http::problem::Problem,
        identity::{
            check_key, check_session,
            oidc::{TokenError, accounts},
        },
        state::App,
        store::{self, users},
    },
};
use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};

/// The credential of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// The token of a session cookie.
    Session(String),
    /// An API key.
    Key(String),
    /// A token of the sign-in provider.
    Token(TokenSubject),
}

/// The subject of a provider's token that was valid when it was received. The token itself is not
/// stored: a stream outlives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSubject {
    /// Issuer of the token.
    pub issuer: String,
    /// The user's id at the provider.
    pub subject: String,
    /// When the token was issued.
    pub issued_at: Timestamp,
}

/// Why the token of a request was refused; an extension of the request.
#[derive(Debug, Clone, Copy)]
pub struct TokenRefused(pub TokenError);

/// The caller's account and credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub account: Account,
    /// The credential.
    pub credential: Credential,
}

/// The caller's account; a request without one is rejected with 401.
#[derive(Debug, Clone)]
pub struct CurrentUser(pub Account);

impl Credential {
    /// The credential's account, if it is still valid. Of a token only the subject is checked, not
    /// its expiry.
    pub async fn account(&self, app: &App) -> store::Result<Option<Account>> {
        let user = match self {
            Self::Session(token) => check_session(&app.store, app.clock.now(), token).await?,
            Self::Key(key) => check_key(&app.store, app.clock.now(), key).await?,
            Self::Token(TokenSubject {
                issuer,
                subject,
                issued_at,
            }) => {
                return accounts::recheck_account(&app.store, issuer, subject, *issued_at).await;
            }
        };
        match user {
            Some(user) => users::by_id(&mut *app.store.read().await?, user).await,
            None => Ok(None),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Identity {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let refused = || {
            parts
                .extensions
                .get::<TokenRefused>()
                .map_or_else(Problem::signed_out, |why| Problem::token_refused(why.0))
        };
        parts.extensions.get::<Self>().cloned().ok_or_else(refused)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Identity {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

impl<S: Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let identity = <Identity as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(Self(identity.account))
    }
}
