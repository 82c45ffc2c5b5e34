//! What only the server does.

pub mod markdown;
pub mod masking;
