//! The error of server functions, with the sentence shown to the user.

use crate::domain::json::JsonFields;
use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Why a server function failed. `Display` is the sentence shown to the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum ApiError {
    /// Not signed in (401).
    #[error("Please sign in first.")]
    SignedOut,
    /// It does not exist or belongs to another user (404).
    #[error("There is no such {0}.")]
    NotFound(String),
    /// The input was rejected (422).
    #[error("{0}")]
    Refused(String),
    /// Rate limited (429).
    #[error("Too many requests. Please try again in {0} seconds.")]
    TooOften(u64),
    /// An internal error (500); the request id identifies the cause in the log.
    #[error("Something went wrong on the server (request {0}).")]
    Broken(String),
    /// The server is unreachable.
    #[error("The server could not be reached. Please try again.")]
    Unreachable,
}

/// Why the form was refused whose page is rendered; a context of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormFailure(pub ApiError);

impl ApiError {
    /// Reads an error from a JSON value.
    pub fn read(value: &Value) -> Option<Self> {
        match value.as_str() {
            Some("SignedOut") => return Some(Self::SignedOut),
            Some("Unreachable") => return Some(Self::Unreachable),
            _ => {}
        }
        let fields = JsonFields::of(value)?;
        let not_found = || fields.string("NotFound").map(Self::NotFound);
        let refused = || fields.string("Refused").map(Self::Refused);
        let too_often = || {
            fields
                .number("TooOften")
                .map(|seconds| Self::TooOften(seconds.unsigned_abs()))
        };
        let broken = || fields.string("Broken").map(Self::Broken);
        not_found()
            .or_else(refused)
            .or_else(too_often)
            .or_else(broken)
    }

    /// Reads an error from problem JSON of the HTTP API (RFC 9457).
    pub fn from_problem(value: &Value) -> Option<Self> {
        let problem = JsonFields::of(value)?;
        if problem.number("status") == Some(401) {
            return Some(Self::SignedOut);
        }
        let mut sentence = problem.string("detail")? + ".";
        // Details begin with an ASCII letter or a quote; full Unicode case tables would add twelve
        // kilobytes to the WASM module.
        sentence
            .get_mut(..1)
            .iter_mut()
            .for_each(|first| first.make_ascii_uppercase());
        Some(Self::Refused(sentence))
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::Unreachable,
            ServerFnErrorErr::Args(message) | ServerFnErrorErr::MissingArg(message) => {
                Self::Refused(format!("The request could not be read: {message}."))
            }
            _ => Self::Broken("none".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ApiError;

    #[test]
    fn errors_round_trip_through_json() {
        let text = || "x".to_owned();
        let all = [
            ApiError::SignedOut,
            ApiError::NotFound(text()),
            ApiError::Refused(text()),
            ApiError::TooOften(7),
            ApiError::Broken(text()),
            ApiError::Unreachable,
        ];
        for error in all {
            assert_eq!(
                ApiError::read(&serde_json::to_value(&error).unwrap()),
                Some(error)
            );
        }
    }

    #[test]
    fn a_problem_becomes_a_sentence() {
        let problem =
            |status: u16| serde_json::json!({ "status": status, "detail": "too many files" });
        assert_eq!(
            ApiError::from_problem(&problem(422)),
            Some(ApiError::Refused("Too many files.".to_owned()))
        );
        assert_eq!(
            ApiError::from_problem(&problem(401)),
            Some(ApiError::SignedOut)
        );
        assert_eq!(ApiError::from_problem(&serde_json::Value::Null), None);
    }
}
