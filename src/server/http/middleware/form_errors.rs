//! Errors of forms that were posted without JavaScript. They are sent back in the address of the
//! page; the hash in a cookie proves that an error is not a text in another site's link.

use crate::{
    domain::error::FormFailure,
    server::{
        base::digest::{constant_time_eq, sha256_hex},
        http::{cookies::FORM_ERROR, redirects},
        state::App,
    },
};
use axum::{
    extract::{Request, State},
    http::{HeaderValue, Uri, header},
    middleware::Next,
    response::Response,
};
use axum_extra::extract::CookieJar;
use leptos::server_fn::error::ServerFnUrlError;

const PARAMETER: &str = "__err";

/// Sets the cookie for a redirect with an error.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let location = response.headers().get(header::LOCATION);
    let error = location
        .and_then(|location| location.to_str().ok())
        .and_then(|location| redirects::parameter(location, PARAMETER));
    if let Some(error) = error {
        let cookie = FORM_ERROR.set(app.config.is_https(), sha256_hex(&error));
        let cookie = HeaderValue::from_str(&cookie.to_string()).expect("cookies are plain ASCII");
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The error of the form whose page this is.
pub fn failure(app: &App, jar: &CookieJar, uri: &Uri) -> Option<FormFailure> {
    let error = redirects::parameter(uri.path_and_query()?.as_str(), PARAMETER)?;
    let expected = FORM_ERROR.read(app.config.is_https(), jar)?;
    constant_time_eq(expected, &sha256_hex(&error))
        .then(|| FormFailure(ServerFnUrlError::decode_err(&error)))
}
