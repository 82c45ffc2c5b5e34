//! Operations on conversations and turns.

mod attachments;
mod conversations;
mod page;
pub mod snapshots;
mod turns;

pub use attachments::{Attachment, TEXT, Upload, check_attachments};
pub use conversations::{
    DeletedConversation, create_conversation, delete_conversation, delete_conversation_rows,
    find_conversation, list_conversations, rename_conversation,
};
pub use page::{ConversationPage, PAGE, PagePart, history, page};
pub use turns::{
    BeginTurn, NewMessage, TurnOutcome, begin_turn, end_turn, request_stop, retry_turn, stop_turns,
    sweep_turns,
};
