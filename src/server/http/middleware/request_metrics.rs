//! Counts responses by route and status.

use crate::server::{
    base::{log_targets, metrics::RequestLabels},
    state::App,
};
use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};

/// Counts the response.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_u16();
    app.metrics
        .requests
        .get_or_create(&RequestLabels { route, status })
        .inc();
    tracing::debug!(target: log_targets::HTTP_MIDDLEWARE_REQUEST_METRICS, status, "answered");
    response
}
