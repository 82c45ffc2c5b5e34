//! One page of a conversation: messages and entries, read in one snapshot.

use super::find_conversation;
use crate::{
    domain::{
        Change, Conversation, ConversationSpan, Message, WorkLogEntry,
        ids::{ConversationId, EntryId, MessageId, UserId},
    },
    server::{
        archive::{Archive, reader},
        base::error::Result,
        store::{Reader, messages},
        work_log::conversation_logs,
    },
};
use uuid::Uuid;

/// Maximum number of messages and entries on one page, counted together.
pub const PAGE: usize = 200;

/// The requested part of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PagePart {
    /// The newest rows.
    #[default]
    End,
    /// The newest rows before this one.
    Before(Uuid),
    /// This row and the oldest ones after it.
    From(Uuid),
    /// The rows on both sides of this one.
    Around(Uuid),
}

/// A part of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationPage {
    /// The conversation.
    pub conversation: Conversation,
    /// Messages and entries, oldest first.
    pub rows: Vec<Change>,
    /// The range of the rows.
    pub span: ConversationSpan,
}

type RowWithId = (Uuid, Change);

/// Reads at most [`PAGE`] rows of a conversation.
pub async fn page(
    reader: &mut Reader,
    archive: &Archive,
    user: UserId,
    id: ConversationId,
    part: PagePart,
) -> Result<ConversationPage> {
    let conversation = find_conversation(reader, user, id).await?;
    let (before, after) = match part {
        PagePart::End => (earlier(reader, archive, user, id, None, PAGE).await?, None),
        PagePart::Before(row) => (
            earlier(reader, archive, user, id, Some(row), PAGE).await?,
            Some((Vec::new(), Some(row))),
        ),
        PagePart::From(row) => (
            (Vec::new(), Some(row)),
            Some(later(reader, archive, user, id, row, PAGE).await?),
        ),
        PagePart::Around(row) => (
            earlier(reader, archive, user, id, Some(row), PAGE / 2).await?,
            Some(later(reader, archive, user, id, row, PAGE / 2).await?),
        ),
    };
    let ((mut rows, from), (after, to)) = (before, after.unwrap_or_default());
    rows.extend(after);
    Ok(ConversationPage {
        conversation,
        rows: rows.into_iter().map(|(_, row)| row).collect(),
        span: ConversationSpan { from, to },
    })
}

/// The newest rows before `before`, oldest first, and the id of the oldest if there are earlier
/// ones.
async fn earlier(
    reader: &mut Reader,
    archive: &Archive,
    user: UserId,
    id: ConversationId,
    before: Option<Uuid>,
    max: usize,
) -> Result<(Vec<RowWithId>, Option<Uuid>)> {
    let limit = max as i64 + 1;
    let messages =
        messages::latest(reader, user, id, before.map(MessageId::from_uuid), limit).await?;
    let entries = conversation_logs(
        reader,
        archive,
        user,
        id,
        before.map(EntryId::from_uuid),
        limit,
    )
    .await?;
    let mut rows = merge(messages, entries);
    let more = rows.len() > max;
    rows.drain(..rows.len().saturating_sub(max));
    let from = rows.first().map(|(id, _)| *id).filter(|_| more);
    Ok((rows, from))
}

/// The oldest rows from `from` on, oldest first, and the id of the next row if there are more.
async fn later(
    reader: &mut Reader,
    archive: &Archive,
    user: UserId,
    id: ConversationId,
    from: Uuid,
    max: usize,
) -> Result<(Vec<RowWithId>, Option<Uuid>)> {
    let limit = max as i64 + 1;
    let from_message = MessageId::from_uuid(from);
    let messages = messages::earliest(reader, user, id, from_message, limit).await?;
    let from_entry = EntryId::from_uuid(from);
    let entries = reader::earliest(reader, archive, user, id, from_entry, limit).await?;
    let mut rows = merge(messages, entries);
    let to = rows.get(max).map(|(id, _)| *id);
    rows.truncate(max);
    Ok((rows, to))
}

fn merge(messages: Vec<Message>, entries: Vec<WorkLogEntry>) -> Vec<RowWithId> {
    let mut rows: Vec<RowWithId> = messages
        .into_iter()
        .map(|message| (message.id.uuid(), Change::Message(message)))
        .collect();
    rows.extend(
        entries
            .into_iter()
            .map(|entry| (entry.id.uuid(), Change::Entry(entry))),
    );
    rows.sort_by_key(|(id, _)| *id);
    rows
}

/// The newest `limit` messages of a conversation, oldest first: the history sent to a model.
pub async fn history(
    reader: &mut Reader,
    user: UserId,
    id: ConversationId,
    limit: i64,
) -> Result<Vec<Message>> {
    let mut messages = messages::latest(reader, user, id, None, limit).await?;
    messages.reverse();
    Ok(messages)
}
