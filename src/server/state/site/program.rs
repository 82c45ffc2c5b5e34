//! The site embedded in the program: `build.rs` generates the table, and files are served from
//! static memory, compressed by the build.

use crate::server::base::etag;
use axum::{
    Router,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;

/// The embedded files; empty in a debug build.
pub const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/site.rs"));

/// One file of the site.
#[derive(Debug)]
pub struct File {
    /// URL path.
    pub address: &'static str,
    /// ETag: a hash of the content.
    pub tag: &'static str,
    /// Uncompressed content.
    pub plain: &'static [u8],
    /// Brotli-compressed content, if smaller.
    pub brotli: Option<&'static [u8]>,
    /// Gzip-compressed content, if smaller.
    pub gzip: Option<&'static [u8]>,
}

/// Serves these files at their paths.
pub fn service(files: &'static [File]) -> Router {
    Router::new().fallback(get(async move |address: Uri, headers: HeaderMap| {
        files
            .iter()
            .find(|file| file.address == address.path())
            .map_or_else(
                || StatusCode::NOT_FOUND.into_response(),
                |file| file.response(&headers),
            )
    }))
}

impl File {
    fn response(&self, request: &HeaderMap) -> Response {
        let text = |name: HeaderName| request.get(name).and_then(|value| value.to_str().ok());
        let range = text(header::RANGE);
        let (coding, bytes) = match range {
            None => self.encoded(text(header::ACCEPT_ENCODING).unwrap_or_default()),
            Some(_) => (None, self.plain),
        };
        let tag = coding.map_or_else(
            || format!("\"{}\"", self.tag),
            |coding| format!("\"{}-{coding}\"", self.tag),
        );
        let mut response = match range
            .filter(|_| text(header::IF_RANGE).is_none_or(|known| known == tag))
        {
            _ if text(header::IF_NONE_MATCH).is_some_and(|known| etag::matches(known, &tag)) => {
                StatusCode::NOT_MODIFIED.into_response()
            }
            Some(range) => part(range, bytes),
            None => Bytes::from_static(bytes).into_response(),
        };
        let headers = response.headers_mut();
        let kind = mime_guess::from_path(self.address).first_or_octet_stream();
        let mut set = |name, value: &str| {
            drop(HeaderValue::from_str(value).map(|value| headers.insert(name, value)))
        };
        set(header::CONTENT_TYPE, kind.as_ref());
        set(header::ETAG, &tag);
        set(header::VARY, "accept-encoding");
        set(header::ACCEPT_RANGES, "bytes");
        if let Some(coding) = coding {
            set(header::CONTENT_ENCODING, coding);
        }
        response
    }

    /// The smallest encoding that the client accepts.
    fn encoded(&self, accepted: &str) -> (Option<&'static str>, &'static [u8]) {
        let encodings = [("br", self.brotli), ("gzip", self.gzip)];
        let chosen = encodings.into_iter().find_map(|(coding, bytes)| {
            bytes
                .filter(|_| accepts(accepted, coding))
                .map(|bytes| (coding, bytes))
        });
        chosen.map_or((None, self.plain), |(coding, bytes)| (Some(coding), bytes))
    }
}

/// Whether `Accept-Encoding` contains this coding with a weight above 0.
fn accepts(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|item| {
        let (name, weight) = item.split_once(';').unwrap_or((item, ""));
        let weight = weight
            .trim()
            .strip_prefix("q=")
            .map_or(Ok(1.0), str::parse::<f32>);
        name.trim().eq_ignore_ascii_case(coding) && weight.is_ok_and(|weight| weight > 0.0)
    })
}

/// The requested range; the whole content if the header is invalid or has several ranges.
fn part(range: &str, bytes: &'static [u8]) -> Response {
    let Ok(ranges) = http_range_header::parse_range_header(range) else {
        return Bytes::from_static(bytes).into_response();
    };
    let size = bytes.len();
    let found = ranges
        .validate(size as u64)
        .ok()
        .map(|ranges| match ranges.as_slice() {
            [range] => bytes
                .get(*range.start() as usize..=*range.end() as usize)
                .map(|bytes| (Some(range.clone()), bytes)),
            _ => Some((None, bytes)),
        });
    match found.flatten() {
        Some((Some(range), bytes)) => {
            let content_range = format!("bytes {}-{}/{size}", range.start(), range.end());
            (
                StatusCode::PARTIAL_CONTENT,
                [(header::CONTENT_RANGE, content_range)],
                Bytes::from_static(bytes),
            )
                .into_response()
        }
        Some((None, bytes)) => Bytes::from_static(bytes).into_response(),
        None => (
            StatusCode::RANGE_NOT_SATISFIABLE,
            [(header::CONTENT_RANGE, format!("bytes */{size}"))],
        )
            .into_response(),
    }
}
