//! Handlers of the HTTP API, one file per resource. A handler identifies the caller, parses, calls
//! one function and responds.

pub mod approvals;
pub mod audit;
pub mod cleanup;
pub mod conversations;
pub mod create;
pub mod entry;
pub mod export;
pub mod files;
pub mod health;
pub mod list;
pub mod messages;
pub mod openapi;
pub mod provider_sign_in;
pub mod stats;
pub mod stream;

pub use super::extract::json_body::BODY_MAX_BYTES;
pub use super::extract::message_body::FORM_MAX_BYTES;
pub use super::problem::{ApiResult, Problem};
