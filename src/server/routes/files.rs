//! `GET /files/{id}`: what a tool made, for its owner only. An SVG is a document that could run scripts; the policy set
//! here keeps it a picture wherever it is opened.

use super::{Answer, params::PathId};
use crate::{
    ids::FileId,
    server::{
        error::Error,
        middleware::identity::CurrentUser,
        state::App,
        store::{StoreError, files},
    },
};
use axum::{
    extract::{Request, State},
    http::{HeaderValue, header},
    response::IntoResponse,
};
use tower::ServiceExt;

/// A file, whole or the ranges that were asked for.
pub async fn read(State(app): State<App>, CurrentUser(account): CurrentUser, PathId(id): PathId<FileId>, request: Request) -> Answer {
    let file = files::find(&mut *app.store.read().await?, account.id, id).await?.ok_or(Error::NotFound("file"))?;
    let path = app.data_dir.path(account.id, id);
    let kind = file.media_type.parse().map_err(|why| StoreError::Corrupt { what: "media_type", why: format!("{why}") })?;
    let served = tower_http::services::ServeFile::new_with_mime(path, &kind).oneshot(request).await;
    let mut response = served.map_err(|why| StoreError::Unusable(why.to_string()))?.map(axum::body::Body::new).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    let policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    Ok(response)
}
