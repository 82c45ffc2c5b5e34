//! The HTTP API and server functions answer every error alike: status, sentence and retry.

use crate::{
    domain::{FieldError, error::ApiError},
    server::{
        base::error::{ArchiveError, Error, StoreError},
        http::problem::Problem,
    },
};
use axum::{
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

type Make = fn() -> Error;

/// Each error, the status it is answered with, and after how many seconds to retry.
const ERRORS: [(Make, u16, Option<u64>); 11] = [
    (|| Error::NotFound("entry"), 404, None),
    (|| Error::refused("title", "must not be empty"), 422, None),
    (|| Error::Refused(vec![field("a"), field("b")]), 422, None),
    (|| Error::Conflict("the entry is settled".into()), 409, None),
    (|| Error::Superseded, 409, None),
    (
        || Error::TooMany {
            after_s: 7,
            why: "too many messages; try again in 7 s".into(),
        },
        429,
        Some(7),
    ),
    (
        || Error::Archive(ArchiveError::Unreachable("timeout".into())),
        503,
        Some(60),
    ),
    (
        || Error::Archive(ArchiveError::Damaged("key".into(), "sha256".into())),
        503,
        None,
    ),
    (|| Error::Files("timeout".into()), 503, Some(60)),
    (
        || Error::Store(StoreError::Database(sqlx::Error::PoolTimedOut)),
        503,
        Some(60),
    ),
    (
        || Error::Store(StoreError::Unusable("secret".into())),
        500,
        None,
    ),
];

fn field(name: &str) -> FieldError {
    FieldError {
        field: name.into(),
        reason: "is not known".into(),
    }
}

/// A new kind of error needs rows above.
fn is_in_the_table(error: &Error) -> bool {
    match error {
        Error::NotFound(_)
        | Error::Refused(_)
        | Error::Conflict(_)
        | Error::TooMany { .. }
        | Error::Archive(_)
        | Error::Files(_)
        | Error::Superseded
        | Error::Store(_) => true,
    }
}

fn retry_after(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

#[test]
fn http_and_server_functions_answer_every_error_alike() {
    for (error, status, retry) in ERRORS {
        assert!(is_in_the_table(&error()));
        let problem = Problem::from(error());
        let sentence = problem.sentence();
        let response = problem.into_response();
        let http = (response.status().as_u16(), retry_after(response.headers()));
        assert_eq!(http, (status, retry), "{sentence}");

        let (server_fn, shown) = Owner::new().with(|| {
            let options = ResponseOptions::default();
            provide_context(options.clone());
            let shown = ApiError::from(error()).to_string();
            let parts = options.0.read().unwrap();
            let status = parts.status.unwrap_or(StatusCode::OK).as_u16();
            ((status, retry_after(&parts.headers)), shown)
        });
        assert_eq!(server_fn, http, "{shown}");
        if status == 500 {
            let begin = "Something went wrong on the server";
            assert!(sentence.starts_with(begin) && shown.starts_with(begin));
            assert!(!sentence.contains("secret") && !shown.contains("secret"));
        } else {
            assert_eq!(shown, sentence);
        }
    }
}
