//! Types and rules shared by server and browser, without I/O and without a clock.

mod account;
mod approval;
mod attachment;
mod audit;
mod change;
mod clip;
mod conversation;
mod cursor;
mod detail;
mod entry;
mod entry_input;
mod field_error;
mod folding;
mod gap;
mod hold;
mod kept_by;
mod log_type;
mod message;
mod metadata;
mod outside;
mod page_data;
mod percent;
mod period;
mod receipt;
mod relative_time;
mod reserved;
mod scope;
mod span;
mod stats;
mod status;
mod storage_status;
mod theme;
mod title;
mod tool_access;
mod transcript;
mod turn;
mod vocabulary;

pub mod delete_outcome;
pub mod error;
pub mod ids;
pub mod json;
pub mod nul;
pub mod time;

#[cfg_attr(feature = "ssr", path = "calendar/server.rs")]
#[cfg_attr(not(feature = "ssr"), path = "calendar/browser.rs")]
mod calendar;

pub use account::{Account, ApiKey, Device, Invitation, Person, SignInWays};
pub use approval::{Approval, Decision};
pub use attachment::{
    ATTACHMENTS_MAX, FILE_NAME_MAX_CHARS, PICTURE_MAX_BYTES, TEXT_FILE_MAX_BYTES,
};
pub use audit::{AuditAction, AuditEvent, AuditOutcome, AuditPageData};
pub use change::{AnswerGrowth, Change, Frame, Removed, RemovedKind, ResetReason};
pub use clip::{clip_details, clip_metadata, clip_title};
pub use conversation::{CONVERSATIONS_LISTED, Conversation};
pub use cursor::{Cursor, Epoch, InvalidCursor};
pub use detail::Detail;
pub use entry::{DETAILS_MAX_BYTES, ENTRY_TITLE_MAX_CHARS, METADATA_MAX_BYTES, WorkLogEntry};
pub use entry_input::{EntryDraft, EntryPatch, LEASE_DEFAULT_MS, LEASE_MAX_S, LEASE_MIN_S};
pub use field_error::FieldError;
pub use folding::{Segment, fold, summary, turn_duration_ms};
pub use gap::{Gap, GapReason};
pub use hold::HoldInfo;
pub use kept_by::KeptBy;
pub use log_type::LogType;
pub use message::{AnswerFacts, CONTENT_MAX_BYTES, Message, MessageStatus, Role, join_block};
pub use metadata::{COUNTED_NAMES, MediaFile, Metadata, UNKNOWN_TOOL};
pub use outside::refused_changes;
pub use page_data::{
    ChatPageData, ConversationsPageData, EarlierRows, HistoryPageData, HistoryQuery, ModelChoice,
    PartQuery, PeoplePageData, SettingsPageData, Snapshot,
};
pub use percent::percent_encoded;
pub use period::{Period, day_heading, group_by_period};
pub use receipt::DeleteReceipt;
pub use relative_time::{duration_words, elapsed_words, relative_words};
pub use reserved::{RESERVED_NAMES, reserved_names};
pub use scope::{Scope, Scopes};
pub use span::ConversationSpan;
pub use stats::{ChartBar, StatCard, StatsAlert, StatsPageData, StatsTable};
pub use status::Status;
pub use storage_status::StorageStatus;
pub use theme::Theme;
pub use title::{CONVERSATION_TITLE_MAX_CHARS, title_from_message};
pub use tool_access::{ToolGrant, ToolServer};
pub use transcript::{Item, Transcript};
pub use turn::SentMessage;
pub use vocabulary::UnknownWord;
pub(crate) use vocabulary::vocabulary;
