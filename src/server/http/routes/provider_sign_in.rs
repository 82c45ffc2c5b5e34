//! `/sign-in/oidc`: redirect to the OpenID provider, callback that begins a session, and sign-out
//! at the provider. They are links, not forms: browsers apply the page's `form-action` policy to
//! the redirects of a form.

use crate::{
    domain::AuditAction,
    server::{
        audit::{self, Event},
        base::{digest::random_hex, error::StoreError, log_targets, network::network_of},
        http::{
            cookies::{SESSION, SIGN_IN},
            extract::Peer,
            redirects::{confirmation_page, safe_redirect_path, with_parameter},
        },
        identity::{
            begin_provider_session, confirm_session,
            oidc::{
                OidcProvider, TokenError,
                accounts::{self, SignInChannel, TokenAccountError},
                flow::{self, FlowError},
                login_state::LoginState,
                settings::Client,
            },
        },
        state::App,
    },
};
use axum::{
    extract::{ConnectInfo, Query, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use serde::Deserialize;
use std::net::IpAddr;

/// Longest accepted code or state.
const PARAMETER_MAX_BYTES: usize = 4_096;

/// Query of the start of a sign-in.
#[derive(Deserialize)]
pub struct StartQuery {
    next: Option<String>,
    confirm: Option<String>,
}

/// Query of the provider's callback.
#[derive(Deserialize)]
pub struct CallbackQuery {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

/// Why a sign-in failed; the sign-in page has a sentence for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SignInFailure {
    Off,
    TooOften,
    Lost,
    Denied,
    Silent,
    Wrong,
    NotRecent,
    SwitchedOff,
    NotAllowed,
    Taken,
    Broken,
}

/// Redirects to the provider.
pub async fn start(
    State(app): State<App>,
    jar: CookieJar,
    Query(query): Query<StartQuery>,
) -> Response {
    let login = LoginState::new(
        random_hex::<32>(),
        safe_redirect_path(query.next),
        query.confirm.is_some(),
    );
    match authorization_url(&app, &login).await {
        Ok(url) => {
            let cookie = SIGN_IN.set(app.config.is_https(), login.cookie());
            redirect(jar.add(cookie), &url)
        }
        Err(failure) => redirect_to_page(&app, jar, failure, Some(&login)),
    }
}

/// The provider redirects here after sign-in.
pub async fn callback(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    jar: CookieJar,
    headers: HeaderMap,
    Query(query): Query<CallbackQuery>,
) -> Response {
    let https = app.config.is_https();
    let from = app.config.proxies.client_address(peer.0.ip(), &headers);
    let login = SIGN_IN.read(https, &jar).and_then(LoginState::from_cookie);
    let session = SESSION.read(https, &jar).map(str::to_owned);
    let caller = Caller {
        from,
        session,
        headers: &headers,
    };
    match sign_in(&app, caller, login.as_ref(), query).await {
        Ok((token, next)) => {
            let jar = jar.add(SESSION.set(https, token)).add(SIGN_IN.clear(https));
            redirect(jar, &next)
        }
        Err(failure) => {
            let limited = &app.limits.limited_events;
            let is_new = failure != SignInFailure::TooOften
                || limited.check(&network_of(from).to_string()).is_ok();
            if let Some(event) = failure.event().filter(|_| is_new) {
                let event = event.from_address(Some(from)).detail(failure.as_str());
                audit::record(&app.store, app.clock.now(), event).await;
            }
            redirect_to_page(&app, jar, failure, login.as_ref())
        }
    }
}

/// Redirects to the provider's sign-out, or to the sign-in page.
pub async fn sign_out(State(app): State<App>) -> Response {
    let url = flow::end_session_url(app.provider.as_deref()).await;
    Redirect::to(url.as_deref().unwrap_or("/sign-in")).into_response()
}

fn browser_flow(app: &App) -> Result<(&OidcProvider, &Client), SignInFailure> {
    let provider = app.provider.as_deref().ok_or(SignInFailure::Off)?;
    Ok((
        provider,
        provider.config.client.as_ref().ok_or(SignInFailure::Off)?,
    ))
}

async fn authorization_url(app: &App, login: &LoginState) -> Result<String, SignInFailure> {
    let (provider, client) = browser_flow(app)?;
    Ok(flow::authorization_url(provider, client, login).await?)
}

/// The browser that came back.
struct Caller<'r> {
    from: IpAddr,
    /// The token of its session.
    session: Option<String>,
    headers: &'r HeaderMap,
}

/// Exchanges the code and begins a session, or confirms the one there is. Returns the session's
/// token and the path to redirect to.
async fn sign_in(
    app: &App,
    caller: Caller<'_>,
    login: Option<&LoginState>,
    query: CallbackQuery,
) -> Result<(String, String), SignInFailure> {
    let (provider, client) = browser_flow(app)?;
    app.limits
        .callbacks
        .check(&network_of(caller.from).to_string())
        .map_err(|_| SignInFailure::TooOften)?;
    let login = login.ok_or(SignInFailure::Lost)?;
    let bounded = |text: Option<String>| text.filter(|text| text.len() <= PARAMETER_MAX_BYTES);
    bounded(query.state)
        .filter(|state| login.verify_state(state))
        .ok_or(SignInFailure::Lost)?;
    if query.error.is_some() {
        return Err(SignInFailure::Denied);
    }
    let code = bounded(query.code).ok_or(SignInFailure::Lost)?;
    let claims = flow::exchange(provider, client, login, &code).await?;
    let (store, now, config) = (&app.store, app.clock.now(), &provider.config);
    let account =
        accounts::account_for_claims(store, now, config, &claims, SignInChannel::Browser).await?;
    let next = safe_redirect_path(Some(login.next.clone()));
    let confirmed_at = claims
        .confirmed_at(now, config.leeway_ms, login.confirms)
        .map_err(FlowError::from)?;
    if let Some(token) = caller.session.filter(|_| login.confirms)
        && confirm_session(store, account.id, &token, confirmed_at).await?
    {
        return Ok((token, next));
    }
    let user_agent = caller
        .headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok());
    let token = begin_provider_session(
        &app.store,
        app.clock.now(),
        account.id,
        user_agent.unwrap_or_default(),
        &provider.config.issuer,
        confirmed_at,
    )
    .await?;
    let event = Event::of(AuditAction::SignedIn).by(account.id);
    let event = event.from_address(Some(caller.from)).detail("provider");
    audit::record(store, now, event).await;
    tracing::info!(
        target: log_targets::HTTP_ROUTES_PROVIDER_SIGN_IN,
        user = %account.id, "a user signed in with the provider"
    );
    Ok((token, next))
}

impl From<FlowError> for SignInFailure {
    fn from(error: FlowError) -> Self {
        tracing::warn!(
            target: log_targets::HTTP_ROUTES_PROVIDER_SIGN_IN,
            %error, "a sign-in with the provider was refused"
        );
        match error {
            FlowError::Refused(TokenError::Unavailable) | FlowError::Provider(_) => Self::Silent,
            FlowError::Refused(TokenError::SwitchedOff) => Self::SwitchedOff,
            FlowError::Refused(TokenError::NotAllowed) => Self::NotAllowed,
            FlowError::Refused(TokenError::Taken) => Self::Taken,
            FlowError::Refused(TokenError::NotRecent) => Self::NotRecent,
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
    /// The event of the audit log, unless the provider or this server is the cause.
    const fn event(self) -> Option<Event> {
        match self {
            Self::TooOften => Some(Event::failed_sign_in(true)),
            Self::Off | Self::Silent | Self::Broken => None,
            Self::Lost
            | Self::Denied
            | Self::Wrong
            | Self::SwitchedOff
            | Self::NotAllowed
            | Self::Taken
            | Self::NotRecent => Some(Event::failed_sign_in(false)),
        }
    }

    /// Value of the sign-in page's `trouble` parameter.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::TooOften => "too-often",
            Self::Lost => "lost",
            Self::Denied => "denied",
            Self::Silent => "silent",
            Self::Wrong => "wrong",
            Self::NotRecent => "not-recent",
            Self::SwitchedOff => "switched-off",
            Self::NotAllowed => "not-allowed",
            Self::Taken => "taken",
            Self::Broken => "broken",
        }
    }
}

/// The page where the sign-in began, which says why it failed.
fn redirect_to_page(
    app: &App,
    jar: CookieJar,
    failure: SignInFailure,
    login: Option<&LoginState>,
) -> Response {
    let trouble = failure.as_str();
    let page = match login.filter(|login| login.confirms) {
        Some(login) => with_parameter(&confirmation_page(&login.next), "trouble", trouble),
        None => format!("/sign-in?trouble={trouble}"),
    };
    redirect(jar.add(SIGN_IN.clear(app.config.is_https())), &page)
}

/// A redirect that is not cached: its URL and cookies are for one use.
fn redirect(jar: CookieJar, url: &str) -> Response {
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    (jar, no_store, Redirect::to(url)).into_response()
}
