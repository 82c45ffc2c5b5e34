//! The files of the site over HTTP, wherever they lie, and how long a browser may keep them. Only
//! what is there is kept: while servers are replaced one by one, a file may be missing here for the
//! moment that the other version is asked for.

use crate::server::state::site::{Files, Site, program};
use axum::{
    Router,
    http::{HeaderValue, Request, Response, StatusCode, header},
    middleware::{Next, from_fn},
};
use tower_http::services::ServeDir;

/// Answers every address of the site.
pub fn service(site: &Site) -> Router {
    let files = match &site.files {
        Files::Folder(folder) => Router::new().fallback_service(
            ServeDir::new(folder)
                .precompressed_br()
                .precompressed_gzip(),
        ),
        Files::Program => program::service(program::FILES),
    };
    files.layer(from_fn(keep))
}

async fn keep(request: Request<axum::body::Body>, next: Next) -> Response<axum::body::Body> {
    let for_ever = request.uri().path().starts_with("/pkg/");
    let mut response = next.run(request).await;
    let status = response.status();
    if status.is_success() || status == StatusCode::NOT_MODIFIED {
        let keep = if for_ever {
            "public, max-age=31536000, immutable"
        } else {
            "public, max-age=86400"
        };
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    }
    response
}
