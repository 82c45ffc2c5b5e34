//! Holly: a chat with an assistant whose work is visible.
//!
//! Where to go:
//! - [`work_log`] and [`chat`]: the domain, shared by server and browser; no input, no output.
//! - [`server`]: what only the server does; it is not part of what the browser loads.

pub mod api;
pub mod chat;
pub mod ids;
#[cfg(feature = "ssr")]
pub mod server;
pub mod timestamp;
pub mod work_log;
