//! The owner's rows after a revision, in order. The event stream, polling and the first page all
//! use this query.

use super::{Result, conversations, messages, removed, work_logs};
use crate::domain::{Change, ids::UserId};
use sqlx::AnyConnection;

/// Maximum number of rows per read.
pub const PAGE: usize = 256;

/// Rows after a revision.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangePage {
    /// Ordered by revision.
    pub rows: Vec<Change>,
    /// `rows` is complete up to this revision; continue from here.
    pub upto: i64,
    /// Whether more rows follow.
    pub more: bool,
}

/// The owner's newest revision, and which tables have rows after a revision (0 or 1 each).
#[derive(sqlx::FromRow)]
struct ChangedTables {
    head: i64,
    entries: i64,
    messages: i64,
    conversations: i64,
    removed: i64,
}

/// The owner's rows with a revision above `after`, at most [`PAGE`]. Needs no snapshot: a row that
/// changes between two statements gets a revision above the head, which is read first, and is part
/// of the next page.
pub async fn after(connection: &mut AnyConnection, user: UserId, after: i64) -> Result<ChangePage> {
    let changed = changed_tables(connection, user, after).await?;
    let head = changed.head;
    let range = RevisionRange { user, after, head };
    let mut rows = Vec::new();
    if changed.entries > 0 {
        let entry = |row: work_logs::EntryRow| Ok(Change::Entry(row.read()?));
        read_kind(
            connection,
            range,
            work_logs::COLUMNS,
            "work_logs",
            entry,
            &mut rows,
        )
        .await?;
    }
    if changed.messages > 0 {
        let message = |row: messages::MessageRow| Ok(Change::Message(row.read()?));
        read_kind(
            connection,
            range,
            messages::COLUMNS,
            "messages",
            message,
            &mut rows,
        )
        .await?;
    }
    if changed.conversations > 0 {
        let conversation =
            |row: conversations::ConversationRow| Ok(Change::Conversation(row.read()?));
        read_kind(
            connection,
            range,
            conversations::COLUMNS,
            "conversations",
            conversation,
            &mut rows,
        )
        .await?;
    }
    if changed.removed > 0 {
        let removal = |row: removed::RemovedRow| Ok(Change::Removed(row.read()?));
        read_kind(
            connection,
            range,
            "rev, kind, id",
            "removed",
            removal,
            &mut rows,
        )
        .await?;
    }
    rows.sort_by_key(Change::rev);
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let upto = if more {
        rows.last().map_or(head, Change::rev)
    } else {
        head
    };
    Ok(ChangePage { rows, upto, more })
}

async fn changed_tables(
    connection: &mut AnyConnection,
    user: UserId,
    after: i64,
) -> Result<ChangedTables> {
    let in_table = |table: &str, name: &str| {
        format!(
            "(select count(*) from (select 1 from {table} where user_id = $1 and rev > $2 limit \
             1) as x) as {name}"
        )
    };
    let sql = format!(
        "select coalesce((select head from heads where user_id = $1), 0) as head, {}, {}, {}, {}",
        in_table("work_logs", "entries"),
        in_table("messages", "messages"),
        in_table("conversations", "conversations"),
        in_table("removed", "removed"),
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(user.to_string())
        .bind(after);
    Ok(query.fetch_one(connection).await?)
}

/// The revisions to read, and their owner.
#[derive(Clone, Copy)]
struct RevisionRange {
    user: UserId,
    after: i64,
    head: i64,
}

async fn read_kind<R>(
    connection: &mut AnyConnection,
    RevisionRange { user, after, head }: RevisionRange,
    columns: &str,
    table: &str,
    read: impl Fn(R) -> Result<Change>,
    into: &mut Vec<Change>,
) -> Result<()>
where
    R: for<'r> sqlx::FromRow<'r, sqlx::any::AnyRow> + Send + Unpin,
{
    let sql = format!(
        "select {columns} from {table} where user_id = $1 and rev > $2 and rev <= $3 order by rev \
         limit {}",
        PAGE + 1
    );
    let query = sqlx::query_as::<_, R>(sqlx::AssertSqlSafe(sql))
        .bind(user.to_string())
        .bind(after)
        .bind(head);
    for row in query.fetch_all(connection).await? {
        into.push(read(row)?);
    }
    Ok(())
}
