//! The one error of server functions: what a person is told.

use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};

/// Why a server function refused. `Display` is the sentence that a person reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum ApiError {
    /// Nobody is signed in (401).
    #[error("Please sign in first.")]
    SignedOut,
    /// There is no such thing, or it is somebody else's (404).
    #[error("There is no such {0}.")]
    NotFound(String),
    /// What was sent cannot be taken (422).
    #[error("{0}")]
    Refused(String),
    /// Too often (429).
    #[error("That was too often. Please try again in {0} seconds.")]
    TooOften(u64),
    /// Something broke on the server (500); the id finds the cause in its log.
    #[error("Something went wrong on the server (request {0}).")]
    Broken(String),
    /// The server could not be reached.
    #[error("The server could not be reached. Please try again.")]
    Unreachable,
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::Unreachable,
            ServerFnErrorErr::Args(why) | ServerFnErrorErr::MissingArg(why) => Self::Refused(format!("That could not be read: {why}.")),
            _ => Self::Broken("none".to_owned()),
        }
    }
}
