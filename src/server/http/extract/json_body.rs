//! Reads JSON bodies.

use super::whole_numbers;
use crate::server::http::problem::Problem;
use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::StatusCode,
};
use serde_json::Value;
use tower_http::timeout::TimeoutError;

/// Largest body, in bytes.
pub const BODY_MAX_BYTES: usize = 128 * 1024;

/// A JSON body with the bytes it came in. Errors: 400 when it is not JSON, 413 when it is too
/// large, 422 when a whole number in it does not fit 64 bits.
pub struct JsonBody {
    /// The parsed body.
    pub value: Value,
    /// The raw body.
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
        match whole_numbers::out_of_range(&bytes) {
            problems if problems.is_empty() => Ok(Self { value, bytes }),
            problems => Err(problems.into()),
        }
    }
}

fn unreadable(rejection: BytesRejection) -> Problem {
    match rejection.status() {
        _ if has_stalled(&rejection) => stalled(),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("a body may be at most {BODY_MAX_BYTES} bytes"),
        ),
        status => Problem::new(status, rejection.body_text()),
    }
}

/// Whether a body could not be read because the client stalled.
pub fn has_stalled(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .any(|error| error.is::<TimeoutError>())
}

/// The response to a stalled body (408).
pub fn stalled() -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "the rest of the body was not received in time; send the request again",
    )
}
