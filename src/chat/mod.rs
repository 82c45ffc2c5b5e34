//! The conversation's domain, shared by server and browser: messages, conversations, and the list
//! in which messages and work stand in the order in which things happened. No input, no output, no
//! clock.

mod attachment;
mod change;
mod conversation;
mod grouping;
mod message;
mod receipt;
mod span;
mod title;
mod transcript;

pub use attachment::{
    ATTACHMENTS_MAX, FILE_NAME_MAX_CHARS, PICTURE_MAX_BYTES, TEXT_FILE_MAX_BYTES,
};
pub use change::{Change, Frame, Removed, RemovedKind, ResetReason};
pub use conversation::{CONVERSATIONS_LISTED, Conversation};
pub use grouping::{Period, day_heading, group_by_period};
pub use message::{AnswerFacts, CONTENT_MAX_BYTES, Message, MessageStatus, Role, finished_blocks};
pub use receipt::Receipt;
pub use span::Span;
pub use title::{TITLE_MAX_CHARS, title_of};
pub use transcript::{Item, Transcript};
