//! Errors of the HTTP API: RFC 9457 problem JSON. The cause of a 5xx is logged once, here, with the
//! request's id; the client gets only the id.

use crate::{
    domain::{FieldError, Scope},
    server::{
        base::{
            error::{Error, ErrorResponse, StoreError, capitalised},
            log_targets,
        },
        http::request_id,
        identity::oidc::TokenError,
    },
};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// An error response: what went wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    detail: String,
    fields: Vec<FieldError>,
    retry_after: Option<u64>,
    reset: Option<&'static str>,
}

/// What handlers return.
pub type ApiResult = Result<Response, Problem>;

impl Problem {
    /// A problem with this status and detail.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            fields: Vec::new(),
            retry_after: None,
            reset: None,
        }
    }

    fn from_response(response: ErrorResponse, error: &dyn std::error::Error) -> Self {
        if let Some(failed) = response.failed {
            tracing::error!(
                target: log_targets::HTTP_PROBLEM,
                request_id = request_id::current(), %error, "{failed}"
            );
        }
        Self {
            retry_after: response.retry_after_s,
            ..Self::new(response.status, response.detail)
        }
    }

    /// The detail as a sentence for users.
    pub fn sentence(&self) -> String {
        capitalised(&self.detail)
    }

    /// The request has no valid credential (401).
    pub fn signed_out() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "sign in, or send an API key as `Authorization: Bearer holly_…`",
        )
    }

    /// The provider's token was refused (401) or could not be checked (503).
    pub fn token_refused(why: TokenError) -> Self {
        match why {
            TokenError::Unavailable => Self {
                retry_after: Some(60),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, format!("the token {why}"))
            },
            _ => Self::new(StatusCode::UNAUTHORIZED, format!("the token {why}")),
        }
    }

    /// The caller is not an admin (403).
    pub fn admins_only() -> Self {
        Self::new(StatusCode::FORBIDDEN, "only an admin may do that")
    }

    /// The caller's API key lacks a scope (403).
    pub fn missing_scope(scope: Scope) -> Self {
        let detail = format!("This key needs the scope `{scope}`.");
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// Tokens of the sign-in provider lack this scope (403).
    pub fn not_by_token(scope: Scope) -> Self {
        let detail = format!(
            "A token of the sign-in provider does not have the scope `{scope}`; use an API key \
             that has it, or a browser that is signed in."
        );
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// Only a browser that is signed in may do that, no API key (403).
    pub fn sessions_only() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "This address is for browsers that are signed in, not for API keys and tokens; use \
             the HTTP API (/openapi.json).",
        )
    }

    /// The request cannot be read (400).
    pub fn unreadable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// Too many requests (429); retry after this many seconds.
    pub fn too_often(seconds: u64) -> Self {
        let problem = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            format!("too many requests; try again in {seconds} s"),
        );
        Self {
            retry_after: Some(seconds),
            ..problem
        }
    }

    /// The cursor cannot be continued (410): the client must reload the rows and continue from the
    /// cursor returned with them.
    pub fn reset(reason: &'static str) -> Self {
        let problem = Self::new(
            StatusCode::GONE,
            format!(
                "this cursor cannot be continued ({reason}); list without `after` and continue \
                 from the cursor of that list"
            ),
        );
        Self {
            reset: Some(reason),
            ..problem
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let problem = Self::from_response(ErrorResponse::from(&error), &error);
        match error {
            Error::Refused(fields) => Self { fields, ..problem },
            _ => problem,
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::from_response(ErrorResponse::from(&error), &error)
    }
}

impl From<Vec<FieldError>> for Problem {
    fn from(fields: Vec<FieldError>) -> Self {
        Error::Refused(fields).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Problem"),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "error": self.detail,
            "success": false,
            "requestId": request_id::current(),
        });
        if !self.fields.is_empty() {
            body["fields"] = json!(self.fields);
        }
        if let Some(reason) = self.reset {
            body["reset"] = json!(reason);
        }
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
