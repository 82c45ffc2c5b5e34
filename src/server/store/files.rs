//! Which files there are and whose they are; the bytes lie in `server::file_store`.

use super::{Result, Tx, marks, parsed};
use crate::{
    ids::{ConversationId, FileId, UserId},
    timestamp::Timestamp,
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
pub async fn insert(tx: &mut Tx<'_>, now: Timestamp, user: UserId, file: &FileRecord) -> Result<()> {
    let sql = "insert into files (user_id, id, conversation_id, media_type, name, bytes, created_at) values ($1, $2, $3, $4, $5, $6, $7)";
    let query = sqlx::query(sql).bind(user.to_string()).bind(file.id.to_string()).bind(file.conversation_id.to_string());
    let query = query.bind(&file.media_type).bind(&file.name).bind(file.bytes).bind(now.millis());
    query.execute(&mut **tx).await?;
    Ok(())
}

/// One file of its owner.
pub async fn find(connection: &mut AnyConnection, user: UserId, id: FileId) -> Result<Option<FileRecord>> {
    let sql = "select id, conversation_id, media_type, name, bytes from files where user_id = $1 and id = $2";
    let row: Option<FileRow> = sqlx::query_as(sql).bind(user.to_string()).bind(id.to_string()).fetch_optional(connection).await?;
    row.map(FileRow::read).transpose()
}

/// Which of these files of a person there are.
pub async fn known(connection: &mut AnyConnection, user: UserId, ids: &[FileId]) -> Result<HashSet<FileId>> {
    const AT_ONCE: usize = 500;
    let mut known = HashSet::new();
    for ids in ids.chunks(AT_ONCE) {
        let places = marks(2, 1, ids.len(), "");
        let sql = sqlx::AssertSqlSafe(format!("select id from files where user_id = $1 and id in {places}"));
        let query = sqlx::query_scalar::<_, String>(sql).bind(user.to_string());
        for id in ids.iter().fold(query, |query, id| query.bind(id.to_string())).fetch_all(&mut *connection).await? {
            known.insert(parsed("id", &id)?);
        }
    }
    Ok(known)
}

/// The files of a conversation.
pub async fn of_conversation(connection: &mut AnyConnection, user: UserId, conversation: ConversationId) -> Result<Vec<FileRecord>> {
    let sql = "select id, conversation_id, media_type, name, bytes from files where user_id = $1 and conversation_id = $2";
    let rows: Vec<FileRow> = sqlx::query_as(sql).bind(user.to_string()).bind(conversation.to_string()).fetch_all(connection).await?;
    rows.into_iter().map(FileRow::read).collect()
}

/// Bytes of all files of a person.
pub async fn bytes_of(connection: &mut AnyConnection, user: UserId) -> Result<i64> {
    let sql = "select cast(coalesce(sum(bytes), 0) as bigint) from files where user_id = $1";
    Ok(sqlx::query_scalar(sql).bind(user.to_string()).fetch_one(connection).await?)
}
