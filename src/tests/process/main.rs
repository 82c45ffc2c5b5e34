//! The program as a process: killed without warning, told to end, started twice, started with
//! nonsense.

#![allow(clippy::unwrap_used, reason = "a test may end there")]

mod cluster;
mod copy;
mod ends;
mod full;
mod home;
#[path = "../support/hunt.rs"]
#[allow(dead_code, reason = "the tests of the library use the rest")]
mod hunt;
mod kill;
mod lease;
mod load;
mod mcp;
mod people;
mod plans;
mod reader;
mod restarts;
mod retention;
mod settings;
mod several;
mod upgrade;
