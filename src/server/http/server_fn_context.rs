//! Who calls a server function, and how its errors become sentences.

use super::middleware::{
    identity::{Credential, Identity},
    request_id,
};
use crate::{
    domain::error::ApiError,
    server::{
        base::{
            error::{Error, capitalised},
            log_targets,
        },
        identity::AccountError,
        state::App,
        store::StoreError,
    },
};
use axum::http::{HeaderValue, Method, StatusCode, header, request::Parts};
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
pub fn asker() -> Result<(App, Identity), ApiError> {
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
    let (app, identity) = asker()?;
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

fn too_many(after_s: u64, error: ApiError) -> ApiError {
    if let Some(response) = use_context::<ResponseOptions>().filter(|_| !is_plain_form()) {
        response.insert_header(header::RETRY_AFTER, HeaderValue::from(after_s));
    }
    with_status(StatusCode::TOO_MANY_REQUESTS, error)
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
        match error {
            Error::NotFound(what) => {
                with_status(StatusCode::NOT_FOUND, Self::NotFound(what.to_owned()))
            }
            Error::Conflict(why) => {
                with_status(StatusCode::CONFLICT, Self::Refused(capitalised(&why)))
            }
            refused @ Error::Refused(_) => with_status(
                StatusCode::UNPROCESSABLE_ENTITY,
                Self::Refused(capitalised(&refused.to_string())),
            ),
            Error::Superseded => with_status(
                StatusCode::CONFLICT,
                Self::Refused(capitalised(&error.to_string())),
            ),
            Error::TooMany { after_s, why } => too_many(after_s, Self::Refused(capitalised(&why))),
            Error::Archive(error) => {
                tracing::error!(
                    target: log_targets::HTTP_SERVER_FN_CONTEXT,
                    request_id = request_id::current(), %error, "the archive failed"
                );
                with_status(
                    StatusCode::SERVICE_UNAVAILABLE,
                    Self::Refused(capitalised(error.told().0)),
                )
            }
            Error::Files(_) => {
                tracing::error!(
                    target: log_targets::HTTP_SERVER_FN_CONTEXT,
                    request_id = request_id::current(), %error, "the file storage failed"
                );
                let said = "The storage of files does not answer; please try again in a minute.";
                with_status(
                    StatusCode::SERVICE_UNAVAILABLE,
                    Self::Refused(said.to_owned()),
                )
            }
            Error::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let id = request_id::current();
        tracing::error!(
            target: log_targets::HTTP_SERVER_FN_CONTEXT,
            request_id = id, %error, "a server function failed"
        );
        with_status(StatusCode::INTERNAL_SERVER_ERROR, Self::Broken(id))
    }
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::TooOften(seconds) => too_many(seconds, Self::TooOften(seconds)),
            AccountError::Other(error) => error.into(),
            other => with_status(
                StatusCode::UNPROCESSABLE_ENTITY,
                Self::Refused(other.to_string()),
            ),
        }
    }
}
