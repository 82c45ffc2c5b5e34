//! The caller's identity, which `middleware::identity` adds to the request. Handlers take
//! [`CurrentUser`] or [`Identity`].

use crate::{
    domain::{Account, Scope, Scopes, time::Timestamp},
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
    /// What the credential may do; `admin` counts only while the account is an admin.
    pub scopes: Scopes,
    /// When an API key stops working, if ever.
    pub expires_at: Option<Timestamp>,
}

impl Identity {
    /// The identity behind a session or a token of the sign-in provider.
    pub fn new(account: Account, credential: Credential) -> Self {
        let scopes = match credential {
            Credential::Token(_) => Scopes::ALL.without(Scope::Approve),
            Credential::Session(_) | Credential::Key(_) => Scopes::ALL,
        };
        Self {
            account,
            credential,
            scopes,
            expires_at: None,
        }
    }

    /// Whether the caller is a browser that is signed in here.
    pub const fn is_session(&self) -> bool {
        matches!(self.credential, Credential::Session(_))
    }

    /// Errors: the credential lacks the scope.
    pub fn check_scope(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.contains(scope) {
            return Ok(());
        }
        Err(match self.credential {
            Credential::Token(_) => Problem::not_by_token(scope),
            Credential::Session(_) | Credential::Key(_) => Problem::missing_scope(scope),
        })
    }
}

/// The caller's account; a request without one is rejected with 401.
#[derive(Debug, Clone)]
pub struct CurrentUser(pub Account);

impl Credential {
    /// The identity behind the credential, if it is still valid. Of a token only the subject is
    /// checked, not its expiry.
    pub async fn identity(&self, app: &App) -> store::Result<Option<Identity>> {
        let now = app.clock.now();
        let (user, key) = match self {
            Self::Session(token) => (check_session(&app.store, now, token).await?, None),
            Self::Key(key) => {
                let key = check_key(&app.store, now, key).await?;
                (key.map(|key| key.user), key)
            }
            Self::Token(TokenSubject {
                issuer,
                subject,
                issued_at,
            }) => {
                let account = accounts::recheck_account(&app.store, issuer, subject, *issued_at);
                return Ok(account
                    .await?
                    .map(|account| Identity::new(account, self.clone())));
            }
        };
        let Some(user) = user else {
            return Ok(None);
        };
        let account = users::by_id(&mut *app.store.read().await?, user).await?;
        Ok(account.map(|account| {
            let identity = Identity::new(account, self.clone());
            match key {
                Some(key) => Identity {
                    scopes: key.scopes,
                    expires_at: key.expires_at,
                    ..identity
                },
                None => identity,
            }
        }))
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
