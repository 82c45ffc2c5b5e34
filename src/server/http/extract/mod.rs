//! What handlers take from a request: bodies and parameters, parsed and bounded.

pub mod json_body;
pub mod message_body;
pub mod params;
