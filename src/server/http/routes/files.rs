//! `GET /files/{id}`: an attachment or a tool's file, for its owner only, whole or a range. An SVG
//! is a document that may contain scripts; the content security policy set here disables them
//! wherever it is opened.

use crate::{
    domain::{FILE_NAME_MAX_CHARS, Scope, ids::FileId, percent_encoded},
    server::{
        base::{error::Error, etag},
        http::{extract::Identity, extract::params::PathId, problem::ApiResult},
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
    identity: Identity,
    PathId(id): PathId<FileId>,
    method: Method,
    headers: HeaderMap,
) -> ApiResult {
    let user = identity.account.id;
    let mut reader = app.store.read().await?;
    let file = files::find(&mut reader, user, id)
        .await?
        .ok_or(Error::NotFound("file"))?;
    if !identity.is_session() {
        let is_attached = files::is_attached(&mut reader, user, &file).await?;
        identity.check_scope(if is_attached {
            Scope::Chat
        } else {
            Scope::LogRead
        })?;
    }
    drop(reader);
    let tag = format!("\"{id}\"");
    let response = response_builder(&tag)
        .header(header::CONTENT_TYPE, &file.media_type)
        .header(
            header::CONTENT_DISPOSITION,
            disposition(&file.media_type, &file.name),
        );
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
        .stream(user, id, range)
        .await
        .map_err(Error::from)?;
    Ok(finished(response, Body::from_stream(bytes)))
}

/// A response with the headers of every file.
fn response_builder(tag: &str) -> Builder {
    Response::builder()
        .header(header::ETAG, tag)
        .header(header::ACCEPT_RANGES, "bytes")
        // asked for again each time: after sign-out or deletion nothing is shown from a cache
        .header(header::CACHE_CONTROL, "private, no-cache")
        .header(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        )
}

/// `Content-Disposition` (RFC 6266): the file's name, and whether browsers show or save the file.
fn disposition(media_type: &str, name: &str) -> String {
    let family = media_type.split('/').next().unwrap_or_default();
    let is_shown = matches!(family, "image" | "audio" | "video")
        || matches!(media_type, "text/plain" | "application/pdf");
    let name: String = name
        .chars()
        .map(|c| {
            if c.is_control() || "/\\".contains(c) {
                '_'
            } else {
                c
            }
        })
        .take(FILE_NAME_MAX_CHARS)
        .collect();
    let name = if name.is_empty() { "file" } else { &name };
    // for programs that do not know `filename*`
    let is_plain = |c: char| (c.is_ascii_graphic() || c == ' ') && !"\"%".contains(c);
    let plain: String = name
        .chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect();
    format!(
        "{}; filename=\"{plain}\"; filename*=UTF-8''{}",
        if is_shown { "inline" } else { "attachment" },
        percent_encoded(name)
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
    tags.is_some_and(|tags| etag::matches(tags, tag))
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

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn dispositions_by_table() {
        for (media_type, name, header) in [
            (
                "image/png",
                "a tree.png",
                r#"inline; filename="a tree.png"; filename*=UTF-8''a%20tree.png"#,
            ),
            (
                "text/markdown",
                "Gr\u{fc}n.md",
                r#"attachment; filename="Gr_n.md"; filename*=UTF-8''Gr%C3%BCn.md"#,
            ),
            (
                "text/html",
                "\"; b=%41.html",
                r#"attachment; filename="_; b=_41.html"; filename*=UTF-8''%22%3B%20b%3D%2541.html"#,
            ),
            (
                "text/plain",
                "../\r\n\\x",
                r#"inline; filename="..____x"; filename*=UTF-8''..____x"#,
            ),
            (
                "video/webm",
                "",
                r#"inline; filename="file"; filename*=UTF-8''file"#,
            ),
        ] {
            assert_eq!(disposition(media_type, name), header, "{name:?}");
        }
        assert!(disposition("text/csv", &"\u{1f600}".repeat(10_000)).len() < 4_000);
    }
}
