//! Messages. Rows hold Markdown; `base::rendered_markdown` makes HTML of it for readers.

use super::{
    Result, Tx, answer_parts, conditions::Conditions, from_json, parse_column, parse_optional,
};
use crate::{
    domain::{
        Message,
        ids::{ConversationId, MessageId, TurnId, UserId},
        nul,
        time::Timestamp,
    },
    server::base::masking::mask_in_place,
};
use sqlx::AnyConnection;

#[derive(sqlx::FromRow)]
pub(super) struct MessageRow {
    id: String,
    conversation_id: String,
    turn_id: Option<String>,
    role: String,
    content: String,
    status: String,
    facts: String,
    attachments: Option<String>,
    created_at: i64,
    updated_at: i64,
    rev: i64,
}

pub(super) const COLUMNS: &str = "id, conversation_id, turn_id, role, content, status, facts, \
    attachments, created_at, updated_at, rev";

impl MessageRow {
    pub(super) fn read(mut self) -> Result<Message> {
        nul::read(&mut self.content);
        Ok(Message {
            id: parse_column("id", &self.id)?,
            conversation_id: parse_column("conversation_id", &self.conversation_id)?,
            turn_id: parse_optional("turn_id", self.turn_id.as_deref())?,
            role: parse_column("role", &self.role)?,
            content: self.content,
            html: None,
            html_bytes: 0,
            attachments: self
                .attachments
                .map(|json| from_json("attachments", &json))
                .transpose()?
                .unwrap_or_default(),
            status: parse_column("status", &self.status)?,
            facts: from_json("facts", &self.facts)?,
            created_at: Timestamp::from_millis(self.created_at),
            updated_at: Timestamp::from_millis(self.updated_at),
            rev: self.rev,
        })
    }
}

/// Adds a message and sets its `rev`.
pub async fn insert(tx: &mut Tx<'_>, user: UserId, message: &mut Message) -> Result<()> {
    for file in &mut message.attachments {
        mask_in_place(&mut file.name);
        mask_in_place(&mut file.description);
    }
    message.rev = tx.next_rev(user).await?;
    let sql = "insert into messages (user_id, id, conversation_id, turn_id, role, content, \
               status, facts, attachments, created_at, updated_at, rev) \
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let query = sqlx::query(sql)
        .bind(user.to_string())
        .bind(message.id.to_string())
        .bind(message.conversation_id.to_string());
    let query = query
        .bind(message.turn_id.map(|id| id.to_string()))
        .bind(message.role.as_str())
        .bind(&message.content);
    let query = query
        .bind(message.status.as_str())
        .bind(facts_json(message))
        .bind(attachments_json(message));
    query
        .bind(message.created_at.millis())
        .bind(message.updated_at.millis())
        .bind(message.rev)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Writes content, status and facts of a message, sets its `rev` and deletes its parts. Returns
/// `false` if the message is deleted or already settled with another status; the caller must then
/// drop the transaction.
pub async fn update(tx: &mut Tx<'_>, user: UserId, message: &mut Message) -> Result<bool> {
    message.rev = tx.next_rev(user).await?;
    let sql = "update messages set content = $3, status = $4, facts = $5, updated_at = $6, rev = \
               $7 where user_id = $1 and id = $2 and status in ('streaming', $4)";
    let query = sqlx::query(sql)
        .bind(user.to_string())
        .bind(message.id.to_string())
        .bind(&message.content);
    let query = query
        .bind(message.status.as_str())
        .bind(facts_json(message))
        .bind(message.updated_at.millis());
    let updated = query.bind(message.rev).execute(&mut **tx).await?;
    answer_parts::delete(tx, user, message.id).await?;
    Ok(updated.rows_affected() == 1)
}

fn facts_json(message: &Message) -> String {
    serde_json::to_string(&message.facts).expect("facts are plain values")
}

fn attachments_json(message: &Message) -> Option<String> {
    let files = Some(&message.attachments).filter(|files| !files.is_empty());
    files.map(|files| serde_json::to_string(files).expect("files are plain values"))
}

/// A conversation's messages before `before`, newest first, at most `limit`.
pub async fn latest(
    connection: &mut AnyConnection,
    user: UserId,
    conversation: ConversationId,
    before: Option<MessageId>,
    limit: i64,
) -> Result<Vec<Message>> {
    let conditions = Conditions::new(4).and("id < ?", before);
    let sql = format!(
        "select {COLUMNS} from messages where user_id = $1 and conversation_id = $2{} order by id \
         desc limit $3",
        conditions.sql
    );
    let query = sqlx::query_as::<_, MessageRow>(sqlx::AssertSqlSafe(sql))
        .bind(user.to_string())
        .bind(conversation.to_string());
    let query = conditions
        .values
        .into_iter()
        .fold(query.bind(limit), |query, value| query.bind(value));
    let rows = query.fetch_all(&mut *connection).await?;
    read_whole(connection, user, rows).await
}

/// A conversation's messages from `from` on, oldest first, at most `limit`.
pub async fn earliest(
    connection: &mut AnyConnection,
    user: UserId,
    conversation: ConversationId,
    from: MessageId,
    limit: i64,
) -> Result<Vec<Message>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from messages where user_id = $1 and conversation_id = $2 and id >= $3 \
         order by id limit $4"
    ));
    let query = sqlx::query_as::<_, MessageRow>(sql)
        .bind(user.to_string())
        .bind(conversation.to_string());
    let rows = query
        .bind(from.to_string())
        .bind(limit)
        .fetch_all(&mut *connection)
        .await?;
    read_whole(connection, user, rows).await
}

/// The messages of a conversation after `id` that are not superseded, oldest first.
pub async fn after(
    connection: &mut AnyConnection,
    user: UserId,
    conversation: ConversationId,
    id: MessageId,
) -> Result<Vec<MessageId>> {
    let sql = "select id from messages where user_id = $1 and conversation_id = $2 and id > $3 \
               and status <> 'superseded' order by id";
    let query = sqlx::query_scalar::<_, String>(sql)
        .bind(user.to_string())
        .bind(conversation.to_string())
        .bind(id.to_string());
    query
        .fetch_all(connection)
        .await?
        .iter()
        .map(|id| parse_column("id", id))
        .collect()
}

/// Marks a message as superseded.
pub async fn supersede(tx: &mut Tx<'_>, user: UserId, now: Timestamp, id: MessageId) -> Result<()> {
    let rev = tx.next_rev(user).await?;
    let sql = "update messages set status = 'superseded', updated_at = $3, rev = $4 where user_id \
               = $1 and id = $2";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(id.to_string())
        .bind(now.millis())
        .bind(rev)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The user's last message that is not superseded.
pub async fn last_of_user(
    connection: &mut AnyConnection,
    user: UserId,
    conversation: ConversationId,
) -> Result<Option<Message>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from messages where user_id = $1 and conversation_id = $2 and role = \
         'user' and status = 'done' order by id desc limit 1"
    ));
    let query = sqlx::query_as::<_, MessageRow>(sql)
        .bind(user.to_string())
        .bind(conversation.to_string());
    query
        .fetch_optional(connection)
        .await?
        .map(MessageRow::read)
        .transpose()
}

/// The unfinished messages of a turn.
pub async fn streaming(
    connection: &mut AnyConnection,
    user: UserId,
    turn: TurnId,
) -> Result<Vec<Message>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from messages where user_id = $1 and turn_id = $2 and status = \
         'streaming'"
    ));
    let rows = sqlx::query_as::<_, MessageRow>(sql)
        .bind(user.to_string())
        .bind(turn.to_string())
        .fetch_all(&mut *connection)
        .await?;
    read_whole(connection, user, rows).await
}

/// Reads rows; those of messages that are being written with their text so far.
async fn read_whole(
    connection: &mut AnyConnection,
    user: UserId,
    rows: Vec<MessageRow>,
) -> Result<Vec<Message>> {
    let mut messages = rows
        .into_iter()
        .map(MessageRow::read)
        .collect::<Result<Vec<_>>>()?;
    answer_parts::complete(connection, user, &mut messages).await?;
    Ok(messages)
}
