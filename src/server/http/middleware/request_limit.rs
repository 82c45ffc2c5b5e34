//! Limits how many requests a user sends in a minute to what has no limit of its own.

use crate::server::{
    http::{extract::Identity, problem::Problem},
    state::App,
};
use axum::{
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Routes with limits of their own: streams are limited in number, the others by what they create.
const LIMITED_ROUTES: [(Method, &str); 5] = [
    (Method::GET, "/api/work-log/stream"),
    (Method::POST, "/api/work-log/create"),
    (Method::POST, "/api/conversations"),
    (Method::POST, "/api/conversations/{id}/messages"),
    (Method::POST, "/messages"),
];

/// Counts the request for its user.
pub async fn layer(
    State(app): State<App>,
    identity: Option<Identity>,
    request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let has_own_limit = route
        .is_some_and(|route| LIMITED_ROUTES.contains(&(request.method().clone(), route.as_str())));
    if let Some(identity) = identity.filter(|_| !has_own_limit)
        && let Err(seconds) = app.limits.requests.check(&identity.account.id.to_string())
    {
        return Problem::too_often(seconds).into_response();
    }
    next.run(request).await
}
