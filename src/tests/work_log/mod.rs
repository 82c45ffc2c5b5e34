//! The work log's verbs: create, move on, settle, list, delete.

mod approve;
mod create;
mod idempotency;
mod lease;
mod list;
mod owners;
mod update;
