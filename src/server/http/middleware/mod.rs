//! Middleware, one concern per file. `router` adds the layers.

pub mod identity;
pub mod request_metrics;
pub mod same_origin;
pub mod security_headers;
pub mod sign_in_first;
