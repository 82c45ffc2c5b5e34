//! Other people's sign-in: an OpenID provider says who somebody is, and Holly keeps an account for
//! them.
//!
//! `settings`; `provider`: what is known of it, with `metadata` and `keys`; `claims`: what a token
//! says and whether Holly goes by it (pure); `attempt` and `flow`: the browser's sign-in; `people`:
//! whose account it is.

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
