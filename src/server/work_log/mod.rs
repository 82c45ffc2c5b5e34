//! Operations on the work log, used by routes, pages and the assistant.

mod approve;
pub(crate) mod archived;
mod create;
mod erase;
mod read;
mod sweep;
mod update;

pub use approve::{decide, expire_approval, request_approval};
pub use archived::update_entry;
pub use create::{Origin, create_work_log, log_error, log_info, log_success, log_working};
pub use erase::{delete_entry, delete_entry_keeping_files};
pub use read::{conversation_logs, recent_logs, system_stats};
pub use sweep::{SweepReport, sweep_leases};
pub use update::{delete_entry_row, finish_work_log, is_noop, settle_interrupted, update_work_log};
