//! Protects against cross-site request forgery: only Holly's own pages may change state with a
//! user's cookie. Browsers send `Sec-Fetch-Site`; on plain http in a LAN they do not, and `Origin`
//! is compared with `HOLLY_PUBLIC_URL` and with `Host`, which a proxy may have replaced. Programs
//! send neither. The rules are those of Go 1.25's CrossOriginProtection.

use crate::server::{
    http::{extract::request_host, problem::Problem},
    state::App,
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Refuses cross-site requests that change state, open a stream, or start a retention run, which a
/// GET may do.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let safe = request.method().is_safe()
        && !matches!(
            request.uri().path(),
            "/api/work-log/stream" | "/api/work-log/cleanup"
        );
    let host = request_host(request.headers(), request.uri());
    if safe || is_same_origin(request.headers(), host, app.config.public_url.as_deref()) {
        return next.run(request).await;
    }
    Problem::new(
        StatusCode::FORBIDDEN,
        "requests from other sites are not accepted",
    )
    .into_response()
}

fn is_same_origin(headers: &HeaderMap, host: Option<&str>, public_url: Option<&str>) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match text(header::ORIGIN.as_str()) {
        None => true,
        Some(origin) if public_url == Some(origin) => true,
        // also `null`, which has no host
        Some(origin) => origin
            .split_once("://")
            .is_some_and(|(_, origin_host)| host == Some(origin_host)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_by_table() {
        for (pairs, same) in [
            (&[][..], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (
                &[
                    ("sec-fetch-site", "same-site"),
                    ("origin", "http://a.lan"),
                    ("host", "a.lan"),
                ],
                false,
            ),
            (
                &[("origin", "http://a.lan:3000"), ("host", "a.lan:3000")],
                true,
            ),
            (
                &[("origin", "http://evil.example"), ("host", "a.lan:3000")],
                false,
            ),
            (
                &[("origin", "http://holly.lan"), ("host", "127.0.0.1:3000")],
                true,
            ),
            (
                &[("origin", "https://holly.lan"), ("host", "127.0.0.1:3000")],
                false,
            ),
            (
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "http://holly.lan"),
                ],
                false,
            ),
            (&[("origin", "null"), ("host", "a.lan:3000")], false),
            (&[("origin", "null")], false),
            (&[("origin", "evil")], false),
        ] {
            let headers: HeaderMap = pairs
                .iter()
                .map(|(name, value)| {
                    (
                        name.parse::<header::HeaderName>().unwrap(),
                        value.parse().unwrap(),
                    )
                })
                .collect();
            assert_eq!(
                is_same_origin(
                    &headers,
                    request_host(&headers, &"/".parse().unwrap()),
                    Some("http://holly.lan")
                ),
                same,
                "{pairs:?}"
            );
        }
    }
}
