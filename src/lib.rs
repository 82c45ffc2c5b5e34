//! Holly: a chat with an assistant whose work is visible.
//!
//! Where to go:
//! - [`work_log`] and [`chat`]: the domain, shared by server and browser; no input, no output.
//! - [`pages`] and [`components`]: what a person sees; [`live`] keeps it up to date, [`api`] is what it asks for.

#![recursion_limit = "256"]

pub mod api;
pub mod chat;
pub mod components;
pub mod ids;
pub mod live;
pub mod pages;
pub mod timestamp;
pub mod work_log;

#[cfg(all(test, target_arch = "wasm32"))]
mod browser_tests;

#[cfg(all(test, feature = "ssr"))]
mod tests;
