//! `GET /openapi.json`: the HTTP API as OpenAPI 3.1. A test compares it with the router.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

/// The OpenAPI description.
pub const OPENAPI: &str = include_str!("../../../../docs/openapi.json");

/// Returns the OpenAPI description.
pub async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}
