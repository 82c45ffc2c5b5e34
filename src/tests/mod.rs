//! What Holly promises, by room: the store and the verbs above it, each sentence on SQLite and on PostgreSQL.

mod support;

mod auth;
mod chat;
mod store;
mod work_log;
