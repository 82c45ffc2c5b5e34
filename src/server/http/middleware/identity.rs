//! Who is asking. The cookie, key or token is checked once a request; handlers take [`CurrentUser`]
//! or [`Identity`].

pub mod presented;

use crate::{
    domain::{Account, time::Timestamp},
    server::{
        http::problem::Problem,
        identity::{
            check_key, check_session,
            oidc::{
                Refused,
                accounts::{self, Met, NoAccount},
            },
        },
        state::App,
        store::{self, users},
    },
};
use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts, Request, State},
    http::request::Parts,
    middleware::Next,
    response::{IntoResponse, Response},
};

use presented::Shown;

/// What somebody showed to say who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// The token of a session cookie.
    Session(String),
    /// An API key.
    Key(String),
    /// A token of the sign-in provider.
    Token(Speaker),
}

/// Of whom a token speaks that was checked when it came. It is not kept: what it opened outlives
/// it, a stream above all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speaker {
    issuer: String,
    subject: String,
    issued_at: Timestamp,
}

/// Why the token of a request was not taken; noted on the request.
#[derive(Debug, Clone, Copy)]
struct TokenRefused(Refused);

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
    /// Whose it is, if it is in force. A token's time may be over: it has opened already what it
    /// opens.
    pub async fn account(&self, app: &App) -> store::Result<Option<Account>> {
        let user = match self {
            Self::Session(token) => check_session(&app.store, app.clock.now(), token).await?,
            Self::Key(key) => check_key(&app.store, app.clock.now(), key).await?,
            Self::Token(Speaker {
                issuer,
                subject,
                issued_at,
            }) => {
                return accounts::account_still(&app.store, issuer, subject, *issued_at).await;
            }
        };
        match user {
            Some(user) => users::by_id(&mut *app.store.read().await?, user).await,
            None => Ok(None),
        }
    }
}

/// Looks who is asking and notes it on the request.
pub async fn layer(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let asked = match Shown::of(request.headers(), &app) {
        Some(Shown::Credential(credential)) => credential
            .account(&app)
            .await
            .map(|account| {
                account.map(|account| Identity {
                    account,
                    credential,
                })
            })
            .map_err(NoAccount::from),
        Some(Shown::Token(token)) => by_token(&app, &token).await.map(Some),
        None => Ok(None),
    };
    match asked {
        Ok(Some(identity)) => drop(request.extensions_mut().insert(identity)),
        Ok(None) => {}
        Err(NoAccount::Refused(why)) => drop(request.extensions_mut().insert(TokenRefused(why))),
        Err(NoAccount::Store(error)) => return Problem::from(error).into_response(),
    }
    next.run(request).await
}

/// The person of whom a token speaks; their account is made when they come for the first time.
async fn by_token(app: &App, token: &str) -> Result<Identity, NoAccount> {
    let provider = app.provider.as_ref().ok_or(Refused::Issuer)?;
    let claims = provider.check_token(token).await?;
    let account = accounts::account_of(
        &app.store,
        app.clock.now(),
        &provider.config,
        &claims,
        Met::Calling,
    )
    .await?;
    let speaker = Speaker {
        issuer: claims.issuer,
        subject: claims.subject,
        issued_at: claims.issued_at,
    };
    Ok(Identity {
        account,
        credential: Credential::Token(speaker),
    })
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
