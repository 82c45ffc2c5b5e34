//! The text of answers that are being written. It is appended in parts, so that the message's row
//! need not be written for each; `messages::update` writes the whole text and deletes them.

use super::{Result, Tx, parse_column};
use crate::domain::{
    Message, MessageStatus,
    ids::{ConversationId, MessageId, UserId},
};
use sqlx::AnyConnection;

/// Appends text that begins at byte `start`. Returns `false` if the message is not being written
/// any more. Takes no revision; locks the owner, so that no part is added behind the end.
pub async fn append(
    tx: &mut Tx<'_>,
    user: UserId,
    message: MessageId,
    start: usize,
    text: &str,
) -> Result<bool> {
    tx.lock(user).await?;
    let sql = "insert into answer_parts (user_id, message_id, start, content) \
               select user_id, id, cast($3 as bigint), $4 from messages where user_id = $1 and \
               id = $2 and status = 'streaming'";
    let query = sqlx::query(sql)
        .bind(user.to_string())
        .bind(message.to_string())
        .bind(i64::try_from(start).unwrap_or(i64::MAX))
        .bind(text);
    Ok(query.execute(&mut **tx).await?.rows_affected() == 1)
}

/// Deletes the parts of a message, whose row now has the text.
pub(super) async fn delete(tx: &mut Tx<'_>, user: UserId, message: MessageId) -> Result<()> {
    sqlx::query("delete from answer_parts where user_id = $1 and message_id = $2")
        .bind(user.to_string())
        .bind(message.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Deletes the parts of a conversation's messages. Before the messages are deleted.
pub(super) async fn delete_conversation(
    tx: &mut Tx<'_>,
    user: UserId,
    conversation: ConversationId,
) -> Result<()> {
    let sql = "delete from answer_parts where user_id = $1 and message_id in (select id from \
               messages where user_id = $1 and conversation_id = $2)";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(conversation.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The text of a message from byte `start` on, as far as it is stored without a gap.
pub async fn text_from(
    connection: &mut AnyConnection,
    user: UserId,
    message: MessageId,
    start: usize,
) -> Result<String> {
    let sql = "select start, content from answer_parts where user_id = $1 and message_id = $2 and \
               start >= $3 order by start";
    let parts: Vec<(i64, String)> = sqlx::query_as(sql)
        .bind(user.to_string())
        .bind(message.to_string())
        .bind(i64::try_from(start).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await?;
    let mut text = String::new();
    for (at, part) in parts {
        if usize::try_from(at).ok() != Some(start + text.len()) {
            break;
        }
        text.push_str(&part);
    }
    Ok(text)
}

/// Appends the stored parts to the content of messages that are being written.
pub async fn complete<'m>(
    connection: &mut AnyConnection,
    user: UserId,
    messages: impl IntoIterator<Item = &'m mut Message>,
) -> Result<()> {
    for message in messages {
        if message.status == MessageStatus::Streaming {
            let rest = text_from(connection, user, message.id, message.content.len()).await?;
            message.content.push_str(&rest);
        }
    }
    Ok(())
}

/// The user's messages that have parts, with their conversations.
pub async fn growing(
    connection: &mut AnyConnection,
    user: UserId,
) -> Result<Vec<(MessageId, ConversationId)>> {
    let sql = "select m.id, m.conversation_id from (select distinct message_id from answer_parts \
               where user_id = $1) p join messages m on m.user_id = $1 and m.id = p.message_id \
               where m.status = 'streaming' order by m.id";
    let rows: Vec<(String, String)> = sqlx::query_as(sql)
        .bind(user.to_string())
        .fetch_all(connection)
        .await?;
    rows.into_iter()
        .map(|(id, conversation)| {
            Ok((
                parse_column("id", &id)?,
                parse_column("conversation_id", &conversation)?,
            ))
        })
        .collect()
}

/// The users whose answers are being written, in any process.
pub async fn users(connection: &mut AnyConnection) -> Result<Vec<UserId>> {
    let ids: Vec<String> = sqlx::query_scalar("select distinct user_id from answer_parts")
        .fetch_all(connection)
        .await?;
    ids.iter().map(|id| parse_column("user_id", id)).collect()
}
