//! Sign-in with an OpenID provider.
//!
//! `settings`; `provider`: cached `metadata` and `keys`; `claims`: token claims and their
//! validation (pure); `login_state` and `flow`: the browser's sign-in; `accounts`: the account of a
//! token.

pub mod accounts;
pub mod claims;
pub mod flow;
pub mod http_client;
pub mod login_state;
pub mod settings;

mod keys;
mod metadata;
mod provider;

pub use claims::TokenError;
pub use provider::OidcProvider;
