//! Extractors: identity, bodies and parameters, parsed and bounded.

mod identity;
pub mod json_body;
pub mod message_body;
pub mod params;
mod peer;

pub use identity::{Credential, CurrentUser, Identity, TokenRefused, TokenSubject};
pub use peer::Peer;
