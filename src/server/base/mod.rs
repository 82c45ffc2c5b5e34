//! What every other module of the server may use: no verbs, no SQL.

pub mod log_targets;
