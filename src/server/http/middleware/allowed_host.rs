//! Protects against DNS rebinding: a request must be for a host that this server is known by.
//! Otherwise a page of another site could act on a server in its reader's network, and create the
//! first account of a new one.

use crate::server::{
    http::{extract::request_host, problem::Problem},
    state::App,
};
use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};

/// The longest part of a host name that an error repeats, in characters.
const SHOWN_CHARS: usize = 100;

/// Refuses requests for other hosts. The probes of load balancers and orchestrators may use any.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    if matches!(request.uri().path(), "/healthz" | "/readyz") {
        return next.run(request).await;
    }
    let Some(host) = request_host(request.headers(), request.uri()) else {
        let missing = "send the host of this server in one Host header";
        return Problem::new(StatusCode::BAD_REQUEST, missing).into_response();
    };
    if app.config.allowed_hosts.allows(host) {
        return next.run(request).await;
    }
    let host: String = host.chars().take(SHOWN_CHARS).collect();
    let why = format!(
        "this server does not answer for the host {host:?}; its operator can add it to \
         HOLLY_ALLOWED_HOSTS or set HOLLY_PUBLIC_URL"
    );
    Problem::new(StatusCode::MISDIRECTED_REQUEST, why).into_response()
}
