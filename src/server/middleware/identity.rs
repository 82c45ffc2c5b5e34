//! Who is asking. The cookie or key is checked once a request; handlers take [`CurrentUser`] or [`Identity`].

use crate::{
    api::Account,
    server::{
        auth::{check_key, check_session, cookie_token},
        routes::Problem,
        state::App,
        store::{self, users},
    },
};
use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts, Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// What somebody showed to say who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// The token of a session cookie.
    Session(String),
    /// An API key.
    Key(String),
}

/// Who is asking, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The person.
    pub account: Account,
    /// What they showed.
    pub credential: Credential,
}

/// The person who is asking; nobody is a 401.
#[derive(Debug, Clone)]
pub struct CurrentUser(pub Account);

impl Credential {
    /// The credential in a request's headers; a key goes before a cookie.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
        let key = text(header::AUTHORIZATION).and_then(|value| value.split_once(' '));
        if let Some((_, key)) = key.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
            return Some(Self::Key(key.trim().to_owned()));
        }
        text(header::COOKIE).and_then(cookie_token).map(|token| Self::Session(token.to_owned()))
    }

    /// Whose it is, if it is in force.
    pub async fn account(&self, app: &App) -> store::Result<Option<Account>> {
        let user = match self {
            Self::Session(token) => check_session(&app.store, app.clock.now(), token).await?,
            Self::Key(key) => check_key(&app.store, app.clock.now(), key).await?,
        };
        match user {
            Some(user) => users::by_id(&mut *app.store.read().await?, user).await,
            None => Ok(None),
        }
    }
}

/// Looks who is asking and notes it on the request.
pub async fn layer(State(app): State<App>, mut request: Request, next: Next) -> Response {
    if let Some(credential) = Credential::of(request.headers()) {
        match credential.account(&app).await {
            Ok(Some(account)) => drop(request.extensions_mut().insert(Identity { account, credential })),
            Ok(None) => {}
            Err(error) => return Problem::from(error).into_response(),
        }
    }
    next.run(request).await
}

impl<S: Sync> FromRequestParts<S> for Identity {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::signed_out)
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
