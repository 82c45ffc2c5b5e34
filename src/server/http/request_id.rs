//! A short random id for each request, in the log, in the `x-request-id` header and in every error.

use crate::server::base::{digest, log_targets};
use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tracing::Instrument;

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request that this task handles; `none` outside a request.
pub fn current() -> String {
    CURRENT
        .try_with(Clone::clone)
        .unwrap_or_else(|_| "none".to_owned())
}

/// Assigns an id to the request.
pub async fn layer(request: Request, next: Next) -> Response {
    let id = digest::random_hex::<8>();
    let span = tracing::info_span!(
        target: log_targets::HTTP_REQUEST_ID,
        "request", id, method = %request.method(), path = request.uri().path()
    );
    let header = HeaderValue::from_str(&id).expect("hexadecimal is a valid header value");
    let mut response = CURRENT.scope(id, next.run(request)).instrument(span).await;
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-request-id"), header);
    response
}
