//! Secrets of the settings that programs send.

use crate::server::base::digest::constant_time_eq;
use axum::http::{HeaderMap, header};

/// Whether a request sends this secret as `Authorization: Bearer SECRET`. `false` without one.
pub fn has_bearer(headers: &HeaderMap, secret: Option<&str>) -> bool {
    let authorization = headers.get(header::AUTHORIZATION);
    let sent = authorization
        .and_then(|value| value.to_str().ok()?.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, secret)| secret.trim());
    secret
        .zip(sent)
        .is_some_and(|(secret, sent)| constant_time_eq(secret, sent))
}
