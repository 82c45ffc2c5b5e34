//! A conversation as a page shows it: its newest messages and entries, in one snapshot.

use super::find_conversation;
use crate::{
    chat::{Change, Conversation, Message},
    ids::{ConversationId, EntryId, MessageId, UserId},
    server::{
        error::Result,
        retention::Archive,
        store::{Reader, messages},
        work_log::conversation_logs,
    },
    work_log::WorkLogEntry,
};
use uuid::Uuid;

/// Messages and entries on one page, counted together.
pub const PAGE: usize = 200;

/// The newest part of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationPage {
    /// The conversation.
    pub conversation: Conversation,
    /// Messages and entries, oldest first.
    pub rows: Vec<Change>,
    /// Where older rows begin; `None` at the conversation's beginning.
    pub older: Option<Uuid>,
}

/// The newest [`PAGE`] rows of a conversation before `before`.
pub async fn page(
    reader: &mut Reader,
    archive: &Archive,
    user: UserId,
    id: ConversationId,
    before: Option<Uuid>,
) -> Result<ConversationPage> {
    let conversation = find_conversation(reader, user, id).await?;
    let limit = PAGE as i64 + 1;
    let said = messages::latest(reader, user, id, before.map(MessageId::from_uuid), limit).await?;
    let done = conversation_logs(reader, archive, user, id, before.map(EntryId::from_uuid), limit).await?;
    let mut rows: Vec<(Uuid, Change)> = said.into_iter().map(|message: Message| (message.id.uuid(), Change::Message(message))).collect();
    rows.extend(done.into_iter().map(|entry: WorkLogEntry| (entry.id.uuid(), Change::Entry(entry))));
    rows.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let older = rows.last().map(|(id, _)| *id).filter(|_| more);
    Ok(ConversationPage { conversation, rows: rows.into_iter().rev().map(|(_, row)| row).collect(), older })
}

/// What was said in a conversation, oldest first, at most the newest `limit` messages: what a model is given.
pub async fn history(reader: &mut Reader, user: UserId, id: ConversationId, limit: i64) -> Result<Vec<Message>> {
    let mut said = messages::latest(reader, user, id, None, limit).await?;
    said.reverse();
    Ok(said)
}
