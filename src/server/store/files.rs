//! File records; the bytes are in `server::files`. A deleted file stays in the table `doomed_files`
//! until its bytes are deleted.

use super::{Result, Tx, parse_column, placeholders};
use crate::{
    domain::{
        Metadata,
        ids::{ConversationId, FileId, UserId},
        time::Timestamp,
    },
    server::base::masking::mask,
};
use sqlx::AnyConnection;
use std::collections::HashSet;

/// A stored file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecord {
    /// Its id.
    pub id: FileId,
    /// The conversation it was created in.
    pub conversation_id: ConversationId,
    /// IANA media type.
    pub media_type: String,
    /// The file name for downloads.
    pub name: String,
    /// Size in bytes.
    pub bytes: i64,
}

#[derive(sqlx::FromRow)]
struct FileRow {
    id: String,
    conversation_id: String,
    media_type: String,
    name: String,
    bytes: i64,
}

impl FileRow {
    fn read(self) -> Result<FileRecord> {
        Ok(FileRecord {
            id: parse_column("id", &self.id)?,
            conversation_id: parse_column("conversation_id", &self.conversation_id)?,
            media_type: self.media_type,
            name: self.name,
            bytes: self.bytes,
        })
    }
}

/// Adds a file.
pub async fn insert(
    tx: &mut Tx<'_>,
    now: Timestamp,
    user: UserId,
    file: &FileRecord,
) -> Result<()> {
    let sql = "insert into files (user_id, id, conversation_id, media_type, name, bytes, \
               created_at) values ($1, $2, $3, $4, $5, $6, $7)";
    let query = sqlx::query(sql)
        .bind(user.to_string())
        .bind(file.id.to_string())
        .bind(file.conversation_id.to_string());
    let query = query
        .bind(&file.media_type)
        .bind(mask(&file.name).0)
        .bind(file.bytes)
        .bind(now.millis());
    query.execute(&mut **tx).await?;
    Ok(())
}

/// One of the owner's files.
pub async fn find(
    connection: &mut AnyConnection,
    user: UserId,
    id: FileId,
) -> Result<Option<FileRecord>> {
    let sql = "select id, conversation_id, media_type, name, bytes from files where user_id = $1 \
               and id = $2";
    let row: Option<FileRow> = sqlx::query_as(sql)
        .bind(user.to_string())
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?;
    row.map(FileRow::read).transpose()
}

/// Whether a file is attached to a message; the others were made by the work of an entry.
pub async fn is_attached(
    connection: &mut AnyConnection,
    user: UserId,
    file: &FileRecord,
) -> Result<bool> {
    let sql = "select count(*) from messages where user_id = $1 and conversation_id = $2 and \
               attachments like '%' || $3 || '%'";
    let count: i64 = sqlx::query_scalar(sql)
        .bind(user.to_string())
        .bind(file.conversation_id.to_string())
        .bind(file.id.to_string())
        .fetch_one(connection)
        .await?;
    Ok(count > 0)
}

/// Which of these files of a user exist.
pub async fn known(
    connection: &mut AnyConnection,
    user: UserId,
    ids: &[FileId],
) -> Result<HashSet<FileId>> {
    const BATCH_SIZE: usize = 500;
    let mut known = HashSet::new();
    for ids in ids.chunks(BATCH_SIZE) {
        let list = placeholders(2, 1, ids.len(), "");
        let sql = sqlx::AssertSqlSafe(format!(
            "select id from files where user_id = $1 and id in {list}"
        ));
        let query = sqlx::query_scalar::<_, String>(sql).bind(user.to_string());
        for id in ids
            .iter()
            .fold(query, |query, id| query.bind(id.to_string()))
            .fetch_all(&mut *connection)
            .await?
        {
            known.insert(parse_column("id", &id)?);
        }
    }
    Ok(known)
}

/// Marks a conversation's files for deletion; returns their number.
pub async fn mark_conversation(
    tx: &mut Tx<'_>,
    user: UserId,
    conversation: ConversationId,
) -> Result<i64> {
    mark_for_delete(
        tx,
        user,
        "conversation_id = $2",
        &[conversation.to_string()],
    )
    .await
}

/// Marks all files of a user for deletion; returns their number.
pub async fn mark_all(tx: &mut Tx<'_>, user: UserId) -> Result<i64> {
    mark_for_delete(tx, user, "true", &[]).await
}

/// Marks the files that an entry produced in a conversation for deletion, except those attached to
/// messages. Returns their number.
pub async fn mark_produced(
    tx: &mut Tx<'_>,
    user: UserId,
    conversation: Option<ConversationId>,
    metadata: &Metadata,
) -> Result<i64> {
    let ids: Vec<String> = metadata
        .files()
        .into_iter()
        .map(|file| file.id.to_string())
        .collect();
    let Some(conversation) = conversation.filter(|_| !ids.is_empty()) else {
        return Ok(0);
    };
    let produced = format!(
        "conversation_id = $2 and id in {} and not exists (select 1 from messages where \
         messages.user_id = $1 \
         and messages.conversation_id = $2 and messages.attachments like '%' || files.id || '%')",
        placeholders(3, 1, ids.len(), "")
    );
    mark_for_delete(
        tx,
        user,
        &produced,
        &[vec![conversation.to_string()], ids].concat(),
    )
    .await
}

async fn mark_for_delete(
    tx: &mut Tx<'_>,
    user: UserId,
    condition: &str,
    values: &[String],
) -> Result<i64> {
    let mut marked = 0;
    let mark = format!(
        "insert into doomed_files (user_id, id) select user_id, id from files where user_id = $1 \
         and {condition} on conflict do nothing"
    );
    for sql in [
        mark,
        format!("delete from files where user_id = $1 and {condition}"),
    ] {
        let sql = sqlx::AssertSqlSafe(sql);
        let query = values
            .iter()
            .fold(sqlx::query(sql).bind(user.to_string()), |query, value| {
                query.bind(value)
            });
        marked = query.execute(&mut **tx).await?.rows_affected();
    }
    Ok(i64::try_from(marked).unwrap_or(i64::MAX))
}

/// Files of all users marked for deletion, at most `limit`.
pub async fn marked_for_delete(
    connection: &mut AnyConnection,
    limit: i64,
) -> Result<Vec<(UserId, FileId)>> {
    let sql = "select user_id, id from doomed_files order by user_id, id limit $1";
    let rows: Vec<(String, String)> = sqlx::query_as(sql)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.into_iter()
        .map(|(user, id)| Ok((parse_column("user_id", &user)?, parse_column("id", &id)?)))
        .collect()
}

/// Removes the marks of files whose bytes are deleted; at most a few hundred per call.
pub async fn forget_marked(tx: &mut Tx<'_>, user: UserId, ids: &[FileId]) -> Result<()> {
    let sql = sqlx::AssertSqlSafe(format!(
        "delete from doomed_files where user_id = $1 and id in {}",
        placeholders(2, 1, ids.len(), "")
    ));
    let query = ids
        .iter()
        .fold(sqlx::query(sql).bind(user.to_string()), |query, id| {
            query.bind(id.to_string())
        });
    query.execute(&mut **tx).await?;
    Ok(())
}

/// Total size of a user's files, in bytes.
pub async fn bytes_of(connection: &mut AnyConnection, user: UserId) -> Result<i64> {
    let sql = "select cast(coalesce(sum(bytes), 0) as bigint) from files where user_id = $1";
    Ok(sqlx::query_scalar(sql)
        .bind(user.to_string())
        .fetch_one(connection)
        .await?)
}
