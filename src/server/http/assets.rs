//! Serves the files of the site with cache headers. Only successful responses are cacheable: during
//! a rolling upgrade a server may not have the file of the other version.

use crate::server::state::site::{Files, Site, program};
use axum::{
    Router,
    http::{HeaderValue, Request, Response, StatusCode, header},
    middleware::{Next, from_fn},
};
use tower_http::services::ServeDir;

/// Serves every file of the site.
pub fn service(site: &Site) -> Router {
    let files = match &site.files {
        Files::Folder(folder) => Router::new().fallback_service(
            ServeDir::new(folder)
                .precompressed_br()
                .precompressed_gzip(),
        ),
        Files::Program => program::service(program::FILES),
    };
    files.layer(from_fn(set_cache_control))
}

async fn set_cache_control(
    request: Request<axum::body::Body>,
    next: Next,
) -> Response<axum::body::Body> {
    let is_immutable = request.uri().path().starts_with("/pkg/");
    let mut response = next.run(request).await;
    let status = response.status();
    if status.is_success() || status == StatusCode::NOT_MODIFIED {
        let policy = if is_immutable {
            "public, max-age=31536000, immutable"
        } else {
            "public, max-age=86400"
        };
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static(policy));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::{Files, Site, service};
    use axum::{
        body::Body,
        http::{Request, header},
    };
    use tower::ServiceExt;

    #[tokio::test]
    async fn only_successful_responses_are_cacheable() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["pkg", "samples"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        for name in ["pkg/holly.x1.js", "pkg/holly.x2.wasm", "samples/rain.webm"] {
            std::fs::write(folder.path().join(name), "content").unwrap();
        }
        let answer = async |site: &Site, address: &str| {
            let answered = service(site)
                .oneshot(Request::get(address).body(Body::empty()).unwrap())
                .await
                .unwrap();
            let keep = answered
                .headers()
                .get(header::CACHE_CONTROL)
                .map_or("", |value| value.to_str().unwrap());
            (answered.status().as_u16(), keep.to_owned())
        };
        let site = Site::find(Some(folder.path())).unwrap();
        let immutable = "public, max-age=31536000, immutable".to_owned();
        assert_eq!(answer(&site, "/pkg/holly.x1.js").await, (200, immutable));
        assert_eq!(
            answer(&site, "/samples/rain.webm").await,
            (200, "public, max-age=86400".to_owned())
        );
        let missing = Site {
            files: Files::Program,
            ..site.clone()
        };
        for site in [site, missing] {
            assert_eq!(
                answer(&site, "/pkg/holly.gone.js").await,
                (404, String::new())
            );
        }
    }
}
