//! Who may come in: accounts, sessions and keys, and that a stolen database opens nothing.

mod accounts;
mod keys;
mod oidc;
mod people;
mod sessions;
