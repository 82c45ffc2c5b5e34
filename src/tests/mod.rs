//! Tests by behaviour; the rooms below mirror the crate's. Those of the store and of the verbs
//! above it hold on SQLite and on PostgreSQL; `routes` is the HTTP API over a real port; `support`
//! is what tests share.

mod cluster;
mod identity;
mod support;

mod any_input;
mod architecture;
mod chat;
mod components;
mod documents;
mod error_responses;
mod feed;
mod providers;
mod retention;
mod routes;
mod store;
mod work_log;
