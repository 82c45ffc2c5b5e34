//! Server functions, called by pages and islands; one file per resource. Each identifies the
//! caller, calls one function of `server` and returns. They work as plain form posts too.

#![allow(
    missing_docs,
    reason = "the server macro generates structs of the arguments; the functions are documented"
)]

mod account;
mod approvals;
mod audit;
mod conversations;
mod detail;
mod devices;
mod holds;
mod keys;
mod pages;
mod people;
mod post;
mod sign_in_ways;
mod stats;
mod turns;
mod work_log;

pub use account::*;
pub use approvals::*;
pub use audit::*;
pub use conversations::*;
pub use detail::*;
pub use devices::*;
pub use holds::*;
pub use keys::*;
pub use pages::*;
pub use people::*;
pub use post::{post, post_files};
pub use sign_in_ways::*;
pub use stats::*;
pub use turns::*;
pub use work_log::*;
