//! Holly: a chat with an assistant whose work is visible.
//!
//! Where to go:
//! - [`work_log`] and [`chat`]: the domain, shared by server and browser; no input, no output.
//! - [`live`]: how a page follows the feed. [`components`]: what pages are made of. [`api`]: what
//!   they ask of the server.
//! - `app`, `pages` and `server` are only on the server; `server::router` shows every route on one
//!   screen.

#![recursion_limit = "256"]

pub mod api;
pub mod chat;
pub mod components;
pub mod ids;
pub mod json;
pub mod live;
pub mod nul;
pub mod timestamp;
pub mod work_log;

#[cfg(not(feature = "ssr"))]
#[path = "calendar/browser.rs"]
mod calendar;
#[cfg(feature = "ssr")]
#[path = "calendar/server.rs"]
mod calendar;

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
