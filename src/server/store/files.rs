//! Which files there are and whose they are; the bytes lie in `server::file_store`. A file that
//! goes is doomed until its bytes are deleted.

use super::{Result, Tx, marks, parsed};
use crate::domain::{
    Metadata,
    ids::{ConversationId, FileId, UserId},
    time::Timestamp,
};
use sqlx::AnyConnection;
use std::collections::HashSet;

/// A stored file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecord {
    /// Its address.
    pub id: FileId,
    /// The conversation it was made in.
    pub conversation_id: ConversationId,
    /// IANA media type.
    pub media_type: String,
    /// The name offered when it is saved.
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
            id: parsed("id", &self.id)?,
            conversation_id: parsed("conversation_id", &self.conversation_id)?,
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
    let sql = "insert into files (user_id, id, conversation_id, media_type, name, bytes, created_at) values ($1, $2, $3, $4, $5, $6, $7)";
    let query = sqlx::query(sql)
        .bind(user.to_string())
        .bind(file.id.to_string())
        .bind(file.conversation_id.to_string());
    let query = query
        .bind(&file.media_type)
        .bind(&file.name)
        .bind(file.bytes)
        .bind(now.millis());
    query.execute(&mut **tx).await?;
    Ok(())
}

/// One file of its owner.
pub async fn find(
    connection: &mut AnyConnection,
    user: UserId,
    id: FileId,
) -> Result<Option<FileRecord>> {
    let sql = "select id, conversation_id, media_type, name, bytes from files where user_id = $1 and id = $2";
    let row: Option<FileRow> = sqlx::query_as(sql)
        .bind(user.to_string())
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?;
    row.map(FileRow::read).transpose()
}

/// Which of these files of a person there are.
pub async fn known(
    connection: &mut AnyConnection,
    user: UserId,
    ids: &[FileId],
) -> Result<HashSet<FileId>> {
    const AT_ONCE: usize = 500;
    let mut known = HashSet::new();
    for ids in ids.chunks(AT_ONCE) {
        let places = marks(2, 1, ids.len(), "");
        let sql = sqlx::AssertSqlSafe(format!(
            "select id from files where user_id = $1 and id in {places}"
        ));
        let query = sqlx::query_scalar::<_, String>(sql).bind(user.to_string());
        for id in ids
            .iter()
            .fold(query, |query, id| query.bind(id.to_string()))
            .fetch_all(&mut *connection)
            .await?
        {
            known.insert(parsed("id", &id)?);
        }
    }
    Ok(known)
}

/// Dooms the files of a conversation. Returns how many.
pub async fn mark_conversation(
    tx: &mut Tx<'_>,
    user: UserId,
    conversation: ConversationId,
) -> Result<i64> {
    doom(
        tx,
        user,
        "conversation_id = $2",
        &[conversation.to_string()],
    )
    .await
}

/// Dooms all files of a person. Returns how many.
pub async fn mark_all(tx: &mut Tx<'_>, user: UserId) -> Result<i64> {
    doom(tx, user, "true", &[]).await
}

/// Dooms the files that an entry's work made in a conversation, but not what a message brought.
/// Returns how many.
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
    let made = format!(
        "conversation_id = $2 and id in {} and not exists (select 1 from messages where messages.user_id = $1 \
         and messages.conversation_id = $2 and messages.attachments like '%' || files.id || '%')",
        marks(3, 1, ids.len(), "")
    );
    doom(
        tx,
        user,
        &made,
        &[vec![conversation.to_string()], ids].concat(),
    )
    .await
}

async fn doom(tx: &mut Tx<'_>, user: UserId, which: &str, values: &[String]) -> Result<i64> {
    let mut doomed = 0;
    let note = format!(
        "insert into doomed_files (user_id, id) select user_id, id from files where user_id = $1 and {which} on conflict do nothing"
    );
    for sql in [
        note,
        format!("delete from files where user_id = $1 and {which}"),
    ] {
        let sql = sqlx::AssertSqlSafe(sql);
        let query = values
            .iter()
            .fold(sqlx::query(sql).bind(user.to_string()), |query, value| {
                query.bind(value)
            });
        doomed = query.execute(&mut **tx).await?.rows_affected();
    }
    Ok(i64::try_from(doomed).unwrap_or(i64::MAX))
}

/// Doomed files of everybody, at most `limit`.
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
        .map(|(user, id)| Ok((parsed("user_id", &user)?, parsed("id", &id)?)))
        .collect()
}

/// Forgets doomed files whose bytes are deleted; a few hundred.
pub async fn forget_marked(tx: &mut Tx<'_>, user: UserId, ids: &[FileId]) -> Result<()> {
    let sql = sqlx::AssertSqlSafe(format!(
        "delete from doomed_files where user_id = $1 and id in {}",
        marks(2, 1, ids.len(), "")
    ));
    let query = ids
        .iter()
        .fold(sqlx::query(sql).bind(user.to_string()), |query, id| {
            query.bind(id.to_string())
        });
    query.execute(&mut **tx).await?;
    Ok(())
}

/// Bytes of all files of a person.
pub async fn bytes_of(connection: &mut AnyConnection, user: UserId) -> Result<i64> {
    let sql = "select cast(coalesce(sum(bytes), 0) as bigint) from files where user_id = $1";
    Ok(sqlx::query_scalar(sql)
        .bind(user.to_string())
        .fetch_one(connection)
        .await?)
}
