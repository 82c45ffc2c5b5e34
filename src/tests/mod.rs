//! Tests, in modules that mirror the crate. Those of the store and of the operations above it run
//! on SQLite and on PostgreSQL; `routes` tests the HTTP API over a real port; `support` is the
//! shared test code.

mod cluster;
mod identity;
mod support;

mod any_input;
mod architecture;
mod chat;
mod components;
mod curl_examples;
mod documents;
mod error_responses;
mod feed;
mod growing_answers;
mod providers;
mod retention;
mod routes;
mod store;
mod traces;
mod work_log;
