//! The program as a process: killed, terminated, started twice, started with invalid settings, and
//! several servers on one database.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod cluster;
mod copy;
mod full;
mod home;
#[path = "../support/hunt.rs"]
#[allow(dead_code, reason = "the rest is used by the library's tests")]
mod hunt;
mod kill;
mod lease;
mod load;
mod mcp;
mod people;
mod plans;
mod private_files;
mod reader;
mod restarts;
mod retention;
mod settings;
mod several;
mod shutdown;
mod start_errors;
mod upgrade;
