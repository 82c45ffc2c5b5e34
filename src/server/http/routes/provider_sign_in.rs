//! `/sign-in/oidc`: out to the sign-in provider, back from it with a session of Holly's own, and
//! out there again. Plain links, not forms: browsers hold the addresses to which a form leads on
//! against the page's policy (`form-action`).

use crate::server::{
    base::{digest::random_hex, log_targets},
    http::extract::Peer,
    http::{
        cookies::{SESSION, SIGN_IN},
        redirects::own_path,
    },
    identity::{
        begin_provider_session,
        oidc::{
            Provider, Refused,
            accounts::{self, Met, NoAccount},
            flow::{self, FlowError},
            login_state::Attempt,
            settings::Client,
        },
    },
    state::App,
    store::StoreError,
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
pub struct Leaving {
    next: Option<String>,
}

/// What the provider sends back.
#[derive(Deserialize)]
pub struct ComingBack {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

/// Why nobody was signed in; the sign-in page has a sentence for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
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
    Query(leaving): Query<Leaving>,
) -> Response {
    let attempt = Attempt::new(random_hex::<32>(), own_path(leaving.next));
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
    Query(back): Query<ComingBack>,
) -> Response {
    let https = app.config.is_https();
    let from = app.config.proxies.asker(peer.0.ip(), &headers);
    let attempt = SIGN_IN.read(https, &jar).and_then(Attempt::of);
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
    let address = flow::sign_out_address(app.provider.as_deref()).await;
    Redirect::to(address.as_deref().unwrap_or("/sign-in")).into_response()
}

fn browser_flow(app: &App) -> Result<(&Provider, &Client), Trouble> {
    let provider = app.provider.as_deref().ok_or(Trouble::Off)?;
    Ok((
        provider,
        provider.config.client.as_ref().ok_or(Trouble::Off)?,
    ))
}

async fn address_there(app: &App, attempt: &Attempt) -> Result<String, Trouble> {
    let (provider, client) = browser_flow(app)?;
    Ok(flow::sign_in_address(provider, client, attempt).await?)
}

/// A session's token, and where to go.
async fn signed_in(
    app: &App,
    from: IpAddr,
    headers: &HeaderMap,
    attempt: Option<Attempt>,
    back: ComingBack,
) -> Result<(String, String), Trouble> {
    let (provider, client) = browser_flow(app)?;
    app.limits
        .callbacks
        .check(&from.to_string())
        .map_err(|_| Trouble::TooOften)?;
    let attempt = attempt.ok_or(Trouble::Lost)?;
    let whole = |part: Option<String>| part.filter(|part| part.len() <= PART_MAX_BYTES);
    whole(back.state)
        .filter(|state| attempt.is(state))
        .ok_or(Trouble::Lost)?;
    if back.error.is_some() {
        return Err(Trouble::Denied);
    }
    let code = whole(back.code).ok_or(Trouble::Lost)?;
    let claims = flow::exchange(provider, client, &attempt, &code).await?;
    let (store, now, rules) = (&app.store, app.clock.now(), &provider.config);
    let account = accounts::account_of(store, now, rules, &claims, Met::SigningIn).await?;
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
    Ok((token, own_path(Some(attempt.next))))
}

impl From<FlowError> for Trouble {
    fn from(error: FlowError) -> Self {
        tracing::warn!(
            target: log_targets::HTTP_ROUTES_PROVIDER_SIGN_IN,
            %error, "somebody could not be signed in with the provider"
        );
        match error {
            FlowError::Refused(Refused::Unavailable) | FlowError::Provider(_) => Self::Silent,
            FlowError::Refused(Refused::SwitchedOff) => Self::SwitchedOff,
            FlowError::Refused(Refused::NotAllowed) => Self::NotAllowed,
            FlowError::Refused(Refused::Taken) => Self::Taken,
            FlowError::Refused(_) => Self::Wrong,
        }
    }
}

impl From<NoAccount> for Trouble {
    fn from(error: NoAccount) -> Self {
        match error {
            NoAccount::Refused(why) => FlowError::Refused(why).into(),
            NoAccount::Store(why) => why.into(),
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        tracing::error!(
            target: log_targets::HTTP_ROUTES_PROVIDER_SIGN_IN,
            %error, "a sign-in with the provider failed"
        );
        Self::Broken
    }
}

impl Trouble {
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

fn back_to_the_page(app: &App, jar: CookieJar, trouble: Trouble) -> Response {
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
