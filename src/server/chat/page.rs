//! A conversation as a page shows it: a part of its messages and entries, in one snapshot.

use super::find_conversation;
use crate::{
    domain::{
        Change, Conversation, ConversationSpan, Message, WorkLogEntry,
        ids::{ConversationId, EntryId, MessageId, UserId},
    },
    server::{
        archive::{Archive, reader},
        base::{error::Result, rendered_markdown::render_messages},
        store::{Reader, messages},
        work_log::conversation_logs,
    },
};
use uuid::Uuid;

/// Messages and entries on one page, counted together.
pub const PAGE: usize = 200;

/// Which part of a conversation.
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
    /// From where to where the rows reach.
    pub span: ConversationSpan,
}

type Row = (Uuid, Change);

/// At most [`PAGE`] rows of a conversation.
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

/// The newest rows before `before`, oldest first, and the oldest of them if there are more behind
/// it.
async fn earlier(
    reader: &mut Reader,
    archive: &Archive,
    user: UserId,
    id: ConversationId,
    before: Option<Uuid>,
    most: usize,
) -> Result<(Vec<Row>, Option<Uuid>)> {
    let limit = most as i64 + 1;
    let mut said =
        messages::latest(reader, user, id, before.map(MessageId::from_uuid), limit).await?;
    render_messages(&mut said).await;
    let done = conversation_logs(
        reader,
        archive,
        user,
        id,
        before.map(EntryId::from_uuid),
        limit,
    )
    .await?;
    let mut rows = mixed(said, done);
    let more = rows.len() > most;
    rows.drain(..rows.len().saturating_sub(most));
    let from = rows.first().map(|(id, _)| *id).filter(|_| more);
    Ok((rows, from))
}

/// The oldest rows from `from` on, oldest first, and the one behind them if there are more.
async fn later(
    reader: &mut Reader,
    archive: &Archive,
    user: UserId,
    id: ConversationId,
    from: Uuid,
    most: usize,
) -> Result<(Vec<Row>, Option<Uuid>)> {
    let limit = most as i64 + 1;
    let mut said = messages::earliest(reader, user, id, MessageId::from_uuid(from), limit).await?;
    render_messages(&mut said).await;
    let done = reader::earliest(reader, archive, user, id, EntryId::from_uuid(from), limit).await?;
    let mut rows = mixed(said, done);
    let to = rows.get(most).map(|(id, _)| *id);
    rows.truncate(most);
    Ok((rows, to))
}

fn mixed(said: Vec<Message>, done: Vec<WorkLogEntry>) -> Vec<Row> {
    let mut rows: Vec<Row> = said
        .into_iter()
        .map(|message| (message.id.uuid(), Change::Message(message)))
        .collect();
    rows.extend(
        done.into_iter()
            .map(|entry| (entry.id.uuid(), Change::Entry(entry))),
    );
    rows.sort_by_key(|(id, _)| *id);
    rows
}

/// What was said in a conversation, oldest first, at most the newest `limit` messages: what a model
/// is given.
pub async fn history(
    reader: &mut Reader,
    user: UserId,
    id: ConversationId,
    limit: i64,
) -> Result<Vec<Message>> {
    let mut said = messages::latest(reader, user, id, None, limit).await?;
    said.reverse();
    Ok(said)
}
