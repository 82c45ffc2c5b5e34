//! Creating, updating, settling, listing and deleting entries.

mod approve;
mod create;
mod idempotency;
mod lease;
mod list;
mod owners;
mod turn_calls;
mod update;
