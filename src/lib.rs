//! Holly: a chat with an assistant whose work is visible.
//!
//! Where to go:
//! - [`domain`]: types and rules shared by server and browser; no input, no output.
//! - [`live`]: how a page follows the feed. [`components`]: what pages are made of. [`server_fns`]:
//!   what they call on the server.
//! - `app`, `pages` and `server` are only on the server; `server::http::router` shows every route
//!   on one screen.
//!
//! `src/tests/architecture.rs` has the table of modules and which may use which.

#![recursion_limit = "256"]

pub mod components;
pub mod domain;
pub mod live;
pub mod server_fns;

#[cfg(feature = "ssr")]
pub mod app;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod server;

#[cfg(test)]
#[cfg(target_arch = "wasm32")]
mod browser_tests;

#[cfg(test)]
#[cfg(feature = "ssr")]
mod tests;

/// Called by the page once the WASM is there, before its islands are woken.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
