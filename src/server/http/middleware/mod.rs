//! Middleware, one concern per file. `router` adds the layers.

pub mod allowed_host;
pub mod form_errors;
pub mod identity;
pub mod request_limit;
pub mod request_metrics;
pub mod same_origin;
pub mod security_headers;
pub mod sign_in_first;
pub mod untrusted_proxy;
