//! Holly: a self-hosted chat with an AI assistant whose work is visible as a work log.
//!
//! # Where to start
//! - `server::http::router` lists every route and layer on one screen.
//! - `server::http::routes::messages` leads from a sent message to the turn that answers it
//!   (`server::assistant`).
//! - `server::feed` has the path of a change from COMMIT to the browser; [`live`] receives it
//!   there.
//! - `server::serve` starts the server; the command line is in `main.rs` and `commands/`.
//!
//! # Modules
//! Compiled for server and browser:
//! - [`domain`]: types and pure rules; no I/O.
//! - [`live`]: follows the feed in the browser: a pure state machine, its transport, its hook.
//! - [`components`]: components and islands that the pages consist of.
//! - [`server_fns`]: server functions that pages and islands call.
//!
//! Server only (feature `ssr`):
//! - `app`: the HTML document and the table of pages.
//! - `pages`: the pages, one per file.
//! - `server`: everything else, layered from `base` (bottom) to `serve` (top); its head lists the
//!   layers.
//!
//! `src/tests/architecture.rs` has the table of modules and which may use which, and fails on any
//! other use.

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

/// Hydrates the islands; called by the page once the WASM is loaded.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
