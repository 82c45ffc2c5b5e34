//! Extractors: identity, bodies and parameters, parsed and bounded.

mod bearer;
mod client_address;
mod host;
mod identity;
pub mod json_body;
pub mod message_body;
pub mod params;
mod peer;
mod whole_numbers;

pub use bearer::has_bearer;
pub use client_address::ClientAddress;
pub use host::request_host;
pub use identity::{Credential, CurrentUser, Identity, TokenRefused, TokenSubject};
pub use peer::Peer;
