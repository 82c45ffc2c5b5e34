//! The context of a server function: the caller, cookies, and the mapping of errors.

use super::{
    cookies::{HollyCookie, KNOWN_BROWSER, SESSION},
    extract::{ClientAddress, Credential, Identity, request_host},
    redirects, request_id,
};
use crate::{
    domain::{AuditAction, error::ApiError, ids::UserId},
    server::{
        audit::{self, Event},
        base::{
            error::{Error, ErrorResponse, StoreError},
            log_targets,
            network::network_of,
        },
        identity::{AccountError, begin_session, remember_browser},
        state::App,
        store,
    },
};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header, request::Parts};
use axum_extra::extract::cookie::{Cookie, CookieJar};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use std::net::IpAddr;

/// The running server.
pub fn app() -> App {
    expect_context()
}

/// The current request.
pub fn request() -> Parts {
    expect_context()
}

/// The caller's identity. Errors: the caller is not signed in.
pub fn identity() -> Result<Identity, ApiError> {
    request()
        .extensions
        .get::<Identity>()
        .cloned()
        .ok_or_else(|| with_status(StatusCode::UNAUTHORIZED, ApiError::SignedOut))
}

/// The server and the caller's identity. Errors: the caller is not signed in.
pub fn caller() -> Result<(App, Identity), ApiError> {
    Ok((app(), identity()?))
}

fn with_status(status: StatusCode, error: ApiError) -> ApiError {
    if let Some(response) = use_context::<ResponseOptions>().filter(|_| !is_plain_form()) {
        response.set_status(status);
    }
    error
}

/// The server and the caller's identity. Errors: the caller is not an admin, which is reported as a
/// page that does not exist.
pub fn admin() -> Result<(App, Identity), ApiError> {
    let (app, identity) = caller()?;
    if !identity.account.is_admin {
        return Err(Error::NotFound("page").into());
    }
    Ok((app, identity))
}

/// The caller's session token; `None` for an API key or a provider's token.
pub fn session(identity: &Identity) -> Option<&str> {
    if let Credential::Session(token) = &identity.credential {
        Some(token)
    } else {
        None
    }
}

fn set_retry_after(seconds: u64) {
    if let Some(response) = use_context::<ResponseOptions>().filter(|_| !is_plain_form()) {
        response.insert_header(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// Whether a form was posted without JavaScript. The response is then a redirect to its page, whose
/// status must not be changed.
fn is_plain_form() -> bool {
    use_context::<Parts>().is_some_and(|request| {
        let accepts = request
            .headers
            .get(header::ACCEPT)
            .and_then(|accepts| accepts.to_str().ok())
            .unwrap_or_default();
        request.method == Method::POST && accepts.contains("text/html")
    })
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let response = ErrorResponse::from(&error);
        let api_error = match &error {
            Error::NotFound(what) => Self::NotFound((*what).to_owned()),
            _ => api_error(&response),
        };
        respond(response, &error, api_error)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let response = ErrorResponse::from(&error);
        let api_error = api_error(&response);
        respond(response, &error, api_error)
    }
}

fn api_error(response: &ErrorResponse) -> ApiError {
    if response.status == StatusCode::INTERNAL_SERVER_ERROR {
        ApiError::Broken(request_id::current())
    } else {
        ApiError::Refused(response.sentence())
    }
}

/// Sets the status and the headers of the response, and logs failures of the server.
fn respond(
    response: ErrorResponse,
    error: &dyn std::error::Error,
    api_error: ApiError,
) -> ApiError {
    if let Some(failed) = response.failed {
        tracing::error!(
            target: log_targets::HTTP_SERVER_FN_CONTEXT,
            request_id = request_id::current(), %error, "{failed}"
        );
    }
    if let Some(seconds) = response.retry_after_s {
        set_retry_after(seconds);
    }
    with_status(response.status, api_error)
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::TooOften(seconds) => {
                set_retry_after(seconds);
                with_status(StatusCode::TOO_MANY_REQUESTS, Self::TooOften(seconds))
            }
            AccountError::Other(error) => error.into(),
            other => with_status(
                StatusCode::UNPROCESSABLE_ENTITY,
                Self::Refused(other.to_string()),
            ),
        }
    }
}

fn append_cookie(cookie: &Cookie<'_>) {
    let value = HeaderValue::from_str(&cookie.to_string()).expect("cookies are plain ASCII");
    expect_context::<ResponseOptions>().append_header(header::SET_COOKIE, value);
}

fn header_text(name: header::HeaderName) -> String {
    let request = request();
    request
        .headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

/// Checks that the browser will keep its cookies: those of an https address are lost at an http
/// one. Errors: the page was opened by http although the public URL is https.
pub fn check_keeps_cookies(app: &App) -> Result<(), Error> {
    let public = app.config.public_url.as_deref().unwrap_or_default();
    if !app.config.is_https() || !header_text(header::ORIGIN).starts_with("http:") {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "open Holly at {public}: this address is not encrypted, so the browser would not keep you \
         signed in"
    )))
}

/// Begins a session and sets its cookie.
pub async fn sign_in(app: &App, user: UserId) -> store::Result<()> {
    let token = begin_session(
        &app.store,
        app.clock.now(),
        user,
        &header_text(header::USER_AGENT),
    )
    .await?;
    append_cookie(&SESSION.set(app.config.is_https(), token));
    Ok(())
}

/// Begins a session after sign-in with a password, and remembers the browser.
pub async fn sign_in_with_password(app: &App, user: UserId) -> Result<(), Error> {
    sign_in(app, user).await?;
    let token = remember_browser(&app.store, app.clock.now(), user, known_browser()).await?;
    set_cookie(app, KNOWN_BROWSER, &token);
    Ok(())
}

/// The cookie of a browser that signed in before.
pub fn known_browser() -> Option<String> {
    cookie(KNOWN_BROWSER)
}

/// Deletes the session cookie and what the browser has cached.
pub fn sign_out(app: &App) {
    append_cookie(&SESSION.clear(app.config.is_https()));
    expect_context::<ResponseOptions>().insert_header(
        HeaderName::from_static("clear-site-data"),
        HeaderValue::from_static("\"cache\""),
    );
}

/// Sets a cookie.
pub fn set_cookie(app: &App, cookie: HollyCookie, value: &str) {
    append_cookie(&cookie.set(app.config.is_https(), value.to_owned()));
}

/// A cookie's value.
pub fn cookie(cookie: HollyCookie) -> Option<String> {
    let jar = CookieJar::from_headers(&request().headers);
    let value = cookie.read(app().config.is_https(), &jar);
    value.map(str::to_owned)
}

/// Returns a cookie's value and deletes the cookie.
pub fn take_cookie(cookie: HollyCookie) -> Option<String> {
    let https = app().config.is_https();
    let jar = CookieJar::from_headers(&request().headers);
    let value = cookie.read(https, &jar)?.to_owned();
    append_cookie(&cookie.clear(https));
    Some(value)
}

/// The link of an invitation. Without `HOLLY_PUBLIC_URL` it uses the `Host` of the request.
pub fn join_link(app: &App, secret: &str) -> String {
    let request = request();
    let host = request_host(&request.headers, &request.uri);
    let request_url = || format!("http://{}", host.unwrap_or_default());
    format!(
        "{}/join?secret={secret}",
        app.config.public_url.clone().unwrap_or_else(request_url)
    )
}

/// The client's network, behind trusted proxies.
pub fn client_network() -> String {
    client_address().map_or_else(
        || "unknown".to_owned(),
        |address| network_of(address).to_string(),
    )
}

fn client_address() -> Option<IpAddr> {
    ClientAddress::of(&app(), &request()).0
}

/// Records an event of the audit log, by the caller unless it says by whom.
pub async fn audit(event: Event) {
    let (app, request) = (app(), request());
    let caller = request.extensions.get::<Identity>();
    let event = event
        .by_caller(caller.map(|caller| caller.account.id))
        .from_address(client_address());
    audit::record(&app.store, app.clock.now(), event).await;
}

/// Records what the caller did about an address that has no account.
pub async fn audit_address(action: AuditAction, email: &str) {
    match audit::address_digest(&app().store, email).await {
        Ok(digest) => audit(Event::of(action).detail(digest)).await,
        Err(_) => audit(Event::of(action)).await,
    }
}

/// Records a failed sign-in to the address `email`.
pub async fn audit_failed_sign_in(error: &AccountError, email: &str) {
    let is_limited = match error {
        AccountError::Wrong => false,
        AccountError::TooOften(_) => true,
        _ => return,
    };
    let app = app();
    if is_limited && app.limits.limited_events.check(&client_network()).is_err() {
        return;
    }
    let event = Event::failed_sign_in(is_limited).from_address(client_address());
    audit::record_failed_sign_in(&app.store, app.clock.now(), email, event).await;
}

/// The page of the posted form, with a query parameter set and without the error of an earlier
/// form.
pub fn back_with(name: &str, value: &str) -> String {
    redirects::with_parameter(&header_text(header::REFERER), name, value)
}
