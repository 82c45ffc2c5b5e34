//! How a page follows its owner's feed while it is open. The rules are pure (`machine`, `backoff`,
//! `wire`, `answers`); the browser is in thin shells (`feed`, `running`, `event_source`, `poll`,
//! `tabs`); pages use the hooks and the `clock`, which is set by the server's.

mod answers;
mod backoff;
pub mod clock;
mod connection;
mod event_source;
mod feed;
mod machine;
mod poll;
mod readers;
mod reloads;
mod running;
mod tabs;
mod use_connection;
mod use_work_log_stream;
mod wire;

pub use answers::{AnswerText, Answers};
pub use connection::Connection;
#[cfg(all(test, target_arch = "wasm32"))]
pub(crate) use running::on_reload;
pub use use_connection::use_connection;
pub use use_work_log_stream::{StreamStart, WorkLogStream, use_work_log_stream};
