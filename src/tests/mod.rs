//! Tests by behaviour; the rooms below mirror the crate's. Those of the store and of the verbs above it hold on SQLite
//! and on PostgreSQL.

mod support;

mod auth;
mod chat;
mod components;
mod store;
mod work_log;
