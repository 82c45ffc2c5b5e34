//! The work log's domain, shared by server and browser: no input, no output, no clock.
//! Storage is in `server::store`, the verbs are in `server::work_log`, the view in `components`.

mod approval;
mod clip;
mod cursor;
mod draft;
mod entry;
mod fold;
mod gap;
mod kept_by;
mod log_type;
mod metadata;
mod relative_time;
mod status;
mod storage_status;
mod vocabulary;

pub use approval::{Approval, Decision};
pub use clip::{clip_details, clip_metadata, clip_title};
pub use cursor::{Cursor, Epoch, InvalidCursor};
pub use draft::{EntryDraft, EntryPatch, FieldError, LEASE_DEFAULT_MS, LEASE_MAX_S, LEASE_MIN_S};
pub use entry::{DETAILS_MAX_BYTES, METADATA_MAX_BYTES, TITLE_MAX_CHARS, WorkLogEntry};
pub use fold::{Segment, fold, summary, turn_duration_ms};
pub use gap::{Gap, GapReason};
pub use kept_by::KeptBy;
pub use log_type::LogType;
pub use metadata::{MediaFile, Metadata};
pub use relative_time::{duration_words, elapsed_words, relative_words};
pub use status::Status;
pub use storage_status::StorageStatus;
pub use vocabulary::UnknownWord;
pub(crate) use vocabulary::vocabulary;
