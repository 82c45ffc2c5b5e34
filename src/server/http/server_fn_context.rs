//! Who calls a server function, and how its errors become sentences.

use super::{
    cookies::{HollyCookie, SESSION},
    extract::{Credential, Identity, Peer},
    redirects, request_id,
};
use crate::{
    domain::{error::ApiError, ids::UserId},
    server::{
        base::{
            error::{Error, ErrorResponse, StoreError},
            log_targets,
        },
        identity::{AccountError, begin_session},
        state::App,
        store,
    },
};
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Method, StatusCode, header, request::Parts};
use axum_extra::extract::cookie::{Cookie, CookieJar};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

/// The running server.
pub fn app() -> App {
    expect_context()
}

/// The request that is being answered.
pub fn request() -> Parts {
    expect_context()
}

/// Who is asking; nobody is an error.
pub fn identity() -> Result<Identity, ApiError> {
    request()
        .extensions
        .get::<Identity>()
        .cloned()
        .ok_or_else(|| with_status(StatusCode::UNAUTHORIZED, ApiError::SignedOut))
}

/// The server and who is asking.
pub fn caller() -> Result<(App, Identity), ApiError> {
    Ok((app(), identity()?))
}

fn with_status(status: StatusCode, error: ApiError) -> ApiError {
    if let Some(response) = use_context::<ResponseOptions>().filter(|_| !is_plain_form()) {
        response.set_status(status);
    }
    error
}

/// The server and the admin who is asking. For everybody else there is no such page.
pub fn admin() -> Result<(App, Identity), ApiError> {
    let (app, identity) = caller()?;
    if !identity.account.is_admin {
        return Err(Error::NotFound("page").into());
    }
    Ok((app, identity))
}

/// The token of the session that asks, where it is a browser.
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

/// Whether a form was posted without JavaScript: the answer is a redirect back to its page, whose
/// status must stand.
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
            _ => refusal(&response),
        };
        answered(response, &error, api_error)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let response = ErrorResponse::from(&error);
        let api_error = refusal(&response);
        answered(response, &error, api_error)
    }
}

fn refusal(response: &ErrorResponse) -> ApiError {
    if response.status == 500 {
        ApiError::Broken(request_id::current())
    } else {
        ApiError::Refused(response.sentence())
    }
}

/// Sets the status and the headers of the answer, and logs what failed on the server.
fn answered(
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
    let status = StatusCode::from_u16(response.status)
        .expect("the mapping of errors knows only statuses that HTTP has");
    with_status(status, api_error)
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

fn append(cookie: &Cookie<'_>) {
    let value = HeaderValue::from_str(&cookie.to_string()).expect("cookies are plain text");
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

/// Begins a session for the browser that asks.
pub async fn sign_in(app: &App, user: UserId) -> store::Result<()> {
    let token = begin_session(
        &app.store,
        app.clock.now(),
        user,
        &header_text(header::USER_AGENT),
    )
    .await?;
    append(&SESSION.set(app.config.is_https(), token));
    Ok(())
}

/// Makes the browser that asks forget its session.
pub fn sign_out(app: &App) {
    append(&SESSION.clear(app.config.is_https()));
}

/// Sets a cookie in the browser that asks.
pub fn set_cookie(app: &App, cookie: HollyCookie, value: &str) {
    append(&cookie.set(app.config.is_https(), value.to_owned()));
}

/// Takes a cookie's value from the browser that asks, once.
pub fn take_cookie(cookie: HollyCookie) -> Option<String> {
    let https = app().config.is_https();
    let jar = CookieJar::from_headers(&request().headers);
    let value = cookie.read(https, &jar)?.to_owned();
    append(&cookie.clear(https));
    Some(value)
}

/// The link of an invitation. Without `HOLLY_PUBLIC_URL` it leads where the admin who asks has come
/// to.
pub fn join_link(app: &App, secret: &str) -> String {
    let here = || format!("http://{}", header_text(header::HOST));
    format!(
        "{}/join?secret={secret}",
        app.config.public_url.clone().unwrap_or_else(here)
    )
}

/// The network address that asks, behind the proxies that are trusted.
pub fn peer() -> String {
    let (app, request) = (app(), request());
    let connection = request.extensions.get::<ConnectInfo<Peer>>();
    connection.map_or_else(
        || "unknown".to_owned(),
        |peer| {
            app.config
                .proxies
                .asker(peer.0.0.ip(), &request.headers)
                .to_string()
        },
    )
}

/// The page from which a form was posted, with a parameter set in its address, and without why an
/// earlier form was refused.
pub fn back_with(name: &str, value: &str) -> String {
    redirects::with_parameter(&header_text(header::REFERER), name, value)
}
