//! `GET /openapi.json`: every route of the HTTP API, as OpenAPI 3.1. A test holds it against the
//! router.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

/// The description as it is served.
pub const OPENAPI: &str = include_str!("../../../../docs/openapi.json");

/// The description.
pub async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}
