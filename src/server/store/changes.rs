//! "What did I miss": the owner's rows after a revision, in its order. One query behind the stream, the poll and the page.

use super::{Reader, Result, conversations, heads, messages, removed, work_logs};
use crate::{chat::Change, ids::UserId};

/// Most rows read at once.
pub const PAGE: usize = 256;

/// Rows after a revision, and how far they reach.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// In the order of their revisions.
    pub rows: Vec<Change>,
    /// Everything up to here is in `rows`; ask for more from here.
    pub upto: i64,
    /// Whether there is more behind it.
    pub more: bool,
}

/// The owner's rows with a revision above `after`, at most [`PAGE`].
pub async fn after(reader: &mut Reader, user: UserId, after: i64) -> Result<Page> {
    let head = heads::of(reader, user).await?.head;
    let mut rows = Vec::new();
    if head > after {
        read_kind::<work_logs::EntryRow>(
            reader,
            user,
            after,
            work_logs::COLUMNS,
            "work_logs",
            |row| Ok(Change::Entry(row.read()?)),
            &mut rows,
        )
        .await?;
        read_kind::<messages::MessageRow>(
            reader,
            user,
            after,
            messages::COLUMNS,
            "messages",
            |row| Ok(Change::Message(row.read()?)),
            &mut rows,
        )
        .await?;
        let conversation = |row: conversations::ConversationRow| Ok(Change::Conversation(row.read()?));
        read_kind(reader, user, after, conversations::COLUMNS, "conversations", conversation, &mut rows).await?;
        let gone = |row: removed::RemovedRow| Ok(Change::Removed(row.read()?));
        read_kind(reader, user, after, "rev, kind, id", "removed", gone, &mut rows).await?;
    }
    rows.sort_by_key(Change::rev);
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let upto = if more { rows.last().map_or(head, Change::rev) } else { head };
    Ok(Page { rows, upto, more })
}

async fn read_kind<R>(
    reader: &mut Reader,
    user: UserId,
    after: i64,
    columns: &str,
    table: &str,
    read: impl Fn(R) -> Result<Change>,
    into: &mut Vec<Change>,
) -> Result<()>
where
    R: for<'r> sqlx::FromRow<'r, sqlx::any::AnyRow> + Send + Unpin,
{
    let sql = format!("select {columns} from {table} where user_id = $1 and rev > $2 order by rev limit {}", PAGE + 1);
    let query = sqlx::query_as::<_, R>(sqlx::AssertSqlSafe(sql)).bind(user.to_string()).bind(after);
    for row in query.fetch_all(&mut **reader).await? {
        into.push(read(row)?);
    }
    Ok(())
}
