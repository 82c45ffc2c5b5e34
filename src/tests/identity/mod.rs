//! Authentication: accounts, sessions, API keys and OpenID Connect, and that a stolen database
//! contains no usable secret.

mod accounts;
mod keys;
mod oidc;
mod people;
mod sessions;
