//! `/sign-in/oidc`: out to the sign-in provider, back from it with a session of Holly's own, and
//! out there again. Plain links, not forms: browsers hold the addresses to which a form leads on
//! against the page's policy (`form-action`).

use crate::server::{
    base::{digest::random_hex, error::StoreError, log_targets},
    http::{
        cookies::{SESSION, SIGN_IN},
        extract::Peer,
        redirects::safe_redirect_path,
    },
    identity::{
        begin_provider_session,
        oidc::{
            OidcProvider, TokenError,
            accounts::{self, SignInChannel, TokenAccountError},
            flow::{self, FlowError},
            login_state::LoginState,
            settings::Client,
        },
    },
    state::App,
};
use axum::{
    extract::{ConnectInfo, Query, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use serde::Deserialize;
use std::net::IpAddr;

/// Longest code or state that is looked at.
const PART_MAX_BYTES: usize = 4_096;

/// Where to go after signing in.
#[derive(Deserialize)]
pub struct StartQuery {
    next: Option<String>,
}

/// What the provider sends back.
#[derive(Deserialize)]
pub struct CallbackQuery {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

/// Why nobody was signed in; the sign-in page has a sentence for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SignInFailure {
    Off,
    TooOften,
    Lost,
    Denied,
    Silent,
    Wrong,
    SwitchedOff,
    NotAllowed,
    Taken,
    Broken,
}

/// Leads to the provider.
pub async fn leave(
    State(app): State<App>,
    jar: CookieJar,
    Query(leaving): Query<StartQuery>,
) -> Response {
    let attempt = LoginState::new(random_hex::<32>(), safe_redirect_path(leaving.next));
    match address_there(&app, &attempt).await {
        Ok(address) => {
            let attempt = SIGN_IN.set(app.config.is_https(), attempt.cookie());
            redirect(jar.add(attempt), &address)
        }
        Err(trouble) => back_to_the_page(&app, jar, trouble),
    }
}

/// Takes somebody who comes back.
pub async fn come_back(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    jar: CookieJar,
    headers: HeaderMap,
    Query(back): Query<CallbackQuery>,
) -> Response {
    let https = app.config.is_https();
    let from = app.config.proxies.asker(peer.0.ip(), &headers);
    let attempt = SIGN_IN.read(https, &jar).and_then(LoginState::from_cookie);
    match signed_in(&app, from, &headers, attempt, back).await {
        Ok((token, next)) => {
            let jar = jar.add(SESSION.set(https, token)).add(SIGN_IN.clear(https));
            redirect(jar, &next)
        }
        Err(trouble) => back_to_the_page(&app, jar, trouble),
    }
}

/// Leads to where the provider signs people out, or to the sign-in page.
pub async fn sign_out_there(State(app): State<App>) -> Response {
    let address = flow::end_session_url(app.provider.as_deref()).await;
    Redirect::to(address.as_deref().unwrap_or("/sign-in")).into_response()
}

fn browser_flow(app: &App) -> Result<(&OidcProvider, &Client), SignInFailure> {
    let provider = app.provider.as_deref().ok_or(SignInFailure::Off)?;
    Ok((
        provider,
        provider.config.client.as_ref().ok_or(SignInFailure::Off)?,
    ))
}

async fn address_there(app: &App, attempt: &LoginState) -> Result<String, SignInFailure> {
    let (provider, client) = browser_flow(app)?;
    Ok(flow::authorization_url(provider, client, attempt).await?)
}

/// A session's token, and where to go.
async fn signed_in(
    app: &App,
    from: IpAddr,
    headers: &HeaderMap,
    attempt: Option<LoginState>,
    back: CallbackQuery,
) -> Result<(String, String), SignInFailure> {
    let (provider, client) = browser_flow(app)?;
    app.limits
        .callbacks
        .check(&from.to_string())
        .map_err(|_| SignInFailure::TooOften)?;
    let attempt = attempt.ok_or(SignInFailure::Lost)?;
    let whole = |part: Option<String>| part.filter(|part| part.len() <= PART_MAX_BYTES);
    whole(back.state)
        .filter(|state| attempt.verify_state(state))
        .ok_or(SignInFailure::Lost)?;
    if back.error.is_some() {
        return Err(SignInFailure::Denied);
    }
    let code = whole(back.code).ok_or(SignInFailure::Lost)?;
    let claims = flow::exchange(provider, client, &attempt, &code).await?;
    let (store, now, rules) = (&app.store, app.clock.now(), &provider.config);
    let account =
        accounts::account_for_claims(store, now, rules, &claims, SignInChannel::Browser).await?;
    let user_agent = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok());
    let token = begin_provider_session(
        &app.store,
        app.clock.now(),
        account.id,
        user_agent.unwrap_or_default(),
        &provider.config.issuer,
    )
    .await?;
    tracing::info!(
        target: log_targets::HTTP_ROUTES_PROVIDER_SIGN_IN,
        user = %account.id, "somebody signed in with the provider"
    );
    Ok((token, safe_redirect_path(Some(attempt.next))))
}

impl From<FlowError> for SignInFailure {
    fn from(error: FlowError) -> Self {
        tracing::warn!(
            target: log_targets::HTTP_ROUTES_PROVIDER_SIGN_IN,
            %error, "somebody could not be signed in with the provider"
        );
        match error {
            FlowError::Refused(TokenError::Unavailable) | FlowError::Provider(_) => Self::Silent,
            FlowError::Refused(TokenError::SwitchedOff) => Self::SwitchedOff,
            FlowError::Refused(TokenError::NotAllowed) => Self::NotAllowed,
            FlowError::Refused(TokenError::Taken) => Self::Taken,
            FlowError::Refused(_) => Self::Wrong,
        }
    }
}

impl From<TokenAccountError> for SignInFailure {
    fn from(error: TokenAccountError) -> Self {
        match error {
            TokenAccountError::Refused(why) => FlowError::Refused(why).into(),
            TokenAccountError::Store(why) => why.into(),
        }
    }
}

impl From<StoreError> for SignInFailure {
    fn from(error: StoreError) -> Self {
        tracing::error!(
            target: log_targets::HTTP_ROUTES_PROVIDER_SIGN_IN,
            %error, "a sign-in with the provider failed"
        );
        Self::Broken
    }
}

impl SignInFailure {
    /// As the sign-in page knows it.
    const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::TooOften => "too-often",
            Self::Lost => "lost",
            Self::Denied => "denied",
            Self::Silent => "silent",
            Self::Wrong => "wrong",
            Self::SwitchedOff => "switched-off",
            Self::NotAllowed => "not-allowed",
            Self::Taken => "taken",
            Self::Broken => "broken",
        }
    }
}

fn back_to_the_page(app: &App, jar: CookieJar, trouble: SignInFailure) -> Response {
    redirect(
        jar.add(SIGN_IN.clear(app.config.is_https())),
        &format!("/sign-in?trouble={}", trouble.word()),
    )
}

/// Neither the address nor the cookies are for a cache.
fn redirect(jar: CookieJar, address: &str) -> Response {
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    (jar, no_store, Redirect::to(address)).into_response()
}
