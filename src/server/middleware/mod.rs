//! What happens around every request, one concern a file.

pub mod identity;
pub mod measure;
pub mod request_id;
pub mod same_origin;
pub mod security_headers;
pub mod sign_in_first;
