//! `GET /files/{id}`: an attachment or a tool's file, for its owner only, whole or a range. An SVG
//! is a document that may contain scripts; the content security policy set here disables them
//! wherever it is opened.

use crate::{
    domain::ids::FileId,
    server::{
        base::error::Error,
        http::{extract::CurrentUser, extract::params::PathId, problem::ApiResult},
        state::App,
        store::files,
    },
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, response::Builder},
    response::{IntoResponse, Response},
};
use std::ops::Range;

/// A file, whole or one range. Its content never changes, so its id is its ETag.
pub async fn read(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    PathId(id): PathId<FileId>,
    method: Method,
    headers: HeaderMap,
) -> ApiResult {
    let file = files::find(&mut *app.store.read().await?, account.id, id)
        .await?
        .ok_or(Error::NotFound("file"))?;
    let tag = format!("\"{id}\"");
    let response = response_builder(&tag).header(header::CONTENT_TYPE, &file.media_type);
    if is_cached(&headers, &tag) {
        return Ok(finished(
            response.status(StatusCode::NOT_MODIFIED),
            Body::empty(),
        ));
    }
    let size = u64::try_from(file.bytes).unwrap_or(0);
    let Ok(range) = requested_range(&headers, &tag, size) else {
        let response = response
            .status(StatusCode::RANGE_NOT_SATISFIABLE)
            .header(header::CONTENT_RANGE, format!("bytes */{size}"));
        return Ok(finished(response, Body::empty()));
    };
    let response = match &range {
        Some(Range { start, end }) => response
            .status(StatusCode::PARTIAL_CONTENT)
            .header(
                header::CONTENT_RANGE,
                format!("bytes {start}-{}/{size}", end - 1),
            )
            .header(header::CONTENT_LENGTH, end - start),
        None => response.header(header::CONTENT_LENGTH, size),
    };
    if method == Method::HEAD {
        return Ok(finished(response, Body::empty()));
    }
    let bytes = app
        .files
        .stream(account.id, id, range)
        .await
        .map_err(Error::from)?;
    Ok(finished(response, Body::from_stream(bytes)))
}

/// A response with the headers of every file.
fn response_builder(tag: &str) -> Builder {
    Response::builder()
        .header(header::ETAG, tag)
        .header(header::ACCEPT_RANGES, "bytes")
        .header(
            header::CACHE_CONTROL,
            "private, max-age=31536000, immutable",
        )
        .header(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        )
}

fn finished(response: Builder, body: Body) -> Response {
    // fails only if a stored media type is not a valid header value
    response
        .body(body)
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// Whether the client has the file already (`If-None-Match`).
fn is_cached(headers: &HeaderMap, tag: &str) -> bool {
    let tags = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    tags.is_some_and(|tags| {
        tags.split(',')
            .any(|one| one.trim().trim_start_matches("W/") == tag || one.trim() == "*")
    })
}

/// The requested range; `None` for the whole file, also if several ranges are requested. Errors:
/// the range is not in the file.
fn requested_range(
    headers: &HeaderMap,
    tag: &str,
    size: u64,
) -> Result<Option<Range<u64>>, http_range_header::RangeUnsatisfiableError> {
    let matches_tag = |value: &HeaderValue| value.as_bytes() == tag.as_bytes();
    let Some(range) = headers
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok())
    else {
        return Ok(None);
    };
    if !headers.get(header::IF_RANGE).is_none_or(matches_tag) {
        return Ok(None);
    }
    let ranges = http_range_header::parse_range_header(range)?.validate(size)?;
    Ok(match ranges.as_slice() {
        [range] => Some(*range.start()..*range.end() + 1),
        _ => None,
    })
}
