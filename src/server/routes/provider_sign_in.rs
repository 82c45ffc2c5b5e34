//! `/sign-in/oidc`: out to the sign-in provider, back from it with a session of Holly's own, and out there again. Plain links, not
//! forms: browsers hold the addresses to which a form leads on against the page's policy (`form-action`).

use crate::{
    api::Account,
    server::{
        auth::{SessionPolicy, begin_provider_session, random_hex, set_cookie},
        cookies::{own_path, policy},
        listener::Peer,
        oidc::{
            Provider, Refused,
            attempt::{Attempt, clear_cookie},
            claims::Claims,
            flow::{self, FlowError},
            people::{self, Met, NoAccount},
            settings::Client,
        },
        state::App,
        store::StoreError,
    },
};
use axum::{
    extract::{ConnectInfo, Query, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
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
pub async fn leave(State(app): State<App>, Query(leaving): Query<Leaving>) -> Response {
    let policy = policy(&app);
    let attempt = Attempt::new(random_hex::<32>(), own_path(leaving.next));
    match address_there(&app, &attempt).await {
        Ok(address) => with_cookies(&address, [attempt.set_cookie(policy)]),
        Err(trouble) => back_to_the_page(policy, trouble),
    }
}

/// Takes somebody who comes back.
pub async fn come_back(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    Query(back): Query<ComingBack>,
) -> Response {
    let policy = policy(&app);
    let from = app.config.proxies.asker(peer.0.ip(), &headers);
    match signed_in(&app, from, &headers, back).await {
        Ok((token, next)) => {
            with_cookies(&next, [set_cookie(policy, &token), clear_cookie(policy)])
        }
        Err(trouble) => back_to_the_page(policy, trouble),
    }
}

/// Leads to where the provider signs people out, or to the sign-in page.
pub async fn sign_out_there(State(app): State<App>) -> Response {
    let address = match browser_flow(&app) {
        Ok((provider, client)) => provider
            .known()
            .await
            .ok()
            .and_then(|known| flow::sign_out_address(&known, client)),
        Err(_) => None,
    };
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
    let known = provider.known().await.map_err(FlowError::from)?;
    Ok(flow::sign_in_address(&known, client, attempt)?)
}

/// A session's token, and where to go.
async fn signed_in(
    app: &App,
    from: IpAddr,
    headers: &HeaderMap,
    back: ComingBack,
) -> Result<(String, String), Trouble> {
    let (provider, client) = browser_flow(app)?;
    app.limits
        .callbacks
        .check(&from.to_string())
        .map_err(|_| Trouble::TooOften)?;
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
            .unwrap_or_default()
    };
    let attempt = Attempt::of(text(header::COOKIE), policy(app)).ok_or(Trouble::Lost)?;
    let whole = |part: Option<String>| part.filter(|part| part.len() <= PART_MAX_BYTES);
    whole(back.state)
        .filter(|state| attempt.is(state))
        .ok_or(Trouble::Lost)?;
    if back.error.is_some() {
        return Err(Trouble::Denied);
    }
    let code = whole(back.code).ok_or(Trouble::Lost)?;
    let claims = flow::exchange(provider, client, &attempt, &code).await?;
    let account = account(app, provider, &claims).await?;
    let begun = begin_provider_session(
        &app.store,
        app.clock.now(),
        account.id,
        text(header::USER_AGENT),
        &provider.config.issuer,
    );
    tracing::info!(user = %account.id, "somebody signed in with the provider");
    Ok((begun.await?, own_path(Some(attempt.next))))
}

async fn account(app: &App, provider: &Provider, claims: &Claims) -> Result<Account, Trouble> {
    people::account_of(
        &app.store,
        app.clock.now(),
        &provider.config,
        claims,
        Met::SigningIn,
    )
    .await
    .map_err(|why| match why {
        NoAccount::Refused(why) => FlowError::Refused(why).into(),
        NoAccount::Store(why) => why.into(),
    })
}

impl From<FlowError> for Trouble {
    fn from(error: FlowError) -> Self {
        tracing::warn!(%error, "somebody could not be signed in with the provider");
        match error {
            FlowError::Refused(Refused::Unavailable) | FlowError::Provider(_) => Self::Silent,
            FlowError::Refused(Refused::SwitchedOff) => Self::SwitchedOff,
            FlowError::Refused(Refused::NotAllowed) => Self::NotAllowed,
            FlowError::Refused(Refused::Taken) => Self::Taken,
            FlowError::Refused(_) => Self::Wrong,
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a sign-in with the provider failed");
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

fn back_to_the_page(policy: SessionPolicy, trouble: Trouble) -> Response {
    with_cookies(
        &format!("/sign-in?trouble={}", trouble.word()),
        [clear_cookie(policy)],
    )
}

/// Neither the address nor the cookies are for a cache.
fn with_cookies<const N: usize>(address: &str, cookies: [String; N]) -> Response {
    let mut response = Redirect::to(address).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for cookie in cookies {
        headers.append(
            header::SET_COOKIE,
            HeaderValue::from_str(&cookie).expect("cookies are plain text"),
        );
    }
    response
}
