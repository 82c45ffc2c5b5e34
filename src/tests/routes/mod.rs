//! The HTTP API over a real port, one file per promise.

mod again;
mod approvals;
mod attachments;
mod behind_nginx;
mod conversations;
mod create;
mod cut;
mod entry;
mod figures;
mod files;
mod forms;
mod health;
mod list;
mod log_points;
mod mcp;
mod openapi;
mod pages;
mod poll;
mod problems;
mod processes;
mod retention;
mod sign_in;
mod strangers;
mod stream;
mod stream_ends;
mod turns;
