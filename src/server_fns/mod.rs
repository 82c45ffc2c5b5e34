//! Server functions: what the pages and islands ask of the server, one file per resource. Each one
//! says who is asking, calls one function of `server` and answers; they work as plain form posts
//! too.

#![allow(
    missing_docs,
    reason = "the server macro makes structs of the arguments; the functions are documented"
)]

mod account;
mod approvals;
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
