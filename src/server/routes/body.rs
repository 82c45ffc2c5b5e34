//! Reading JSON bodies.

use super::Problem;
use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::StatusCode,
};
use serde_json::Value;

/// Largest body, in bytes.
pub const BODY_MAX_BYTES: usize = 128 * 1024;

/// A JSON body with the bytes it came in. Errors: 400 when it is not JSON, 413 when it is too large.
pub struct JsonBody {
    /// What it says.
    pub value: Value,
    /// As it was sent.
    pub bytes: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(unreadable)?;
        let value = serde_json::from_slice(&bytes)
            .map_err(|why| Problem::unreadable(format!("the body is not JSON: {why}")))?;
        Ok(Self { value, bytes })
    }
}

fn unreadable(rejection: BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("a body may be at most {BODY_MAX_BYTES} bytes"),
        ),
        status => Problem::new(status, rejection.body_text()),
    }
}
