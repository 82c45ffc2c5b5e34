//! Conversations.

use super::{
    Result, Tx, answer_parts, conditions::Conditions, parse_column, parse_optional, placeholders,
};
use crate::{
    domain::{
        Conversation,
        ids::{ConversationId, UserId},
        nul,
        time::Timestamp,
    },
    server::base::masking::mask_in_place,
};
use sqlx::AnyConnection;
use std::collections::{BTreeMap, BTreeSet};

#[derive(sqlx::FromRow)]
pub(super) struct ConversationRow {
    id: String,
    title: String,
    running_turn_id: Option<String>,
    created_at: i64,
    updated_at: i64,
    rev: i64,
    model: Option<String>,
    kept: i64,
}

pub(super) const COLUMNS: &str = "id, title, running_turn_id, created_at, updated_at, rev, model, \
     (select count(*) from retention_holds h where h.user_id = conversations.user_id and \
     h.conversation_id = conversations.id and h.kind = 'keep' and h.released_at is null) as kept";

impl ConversationRow {
    pub(super) fn read(mut self) -> Result<Conversation> {
        nul::read(&mut self.title);
        Ok(Conversation {
            id: parse_column("id", &self.id)?,
            title: self.title,
            created_at: Timestamp::from_millis(self.created_at),
            updated_at: Timestamp::from_millis(self.updated_at),
            running_turn_id: parse_optional("running_turn_id", self.running_turn_id.as_deref())?,
            model: self.model,
            kept: self.kept > 0,
            rev: self.rev,
        })
    }
}

/// Adds a conversation and sets its `rev`.
pub async fn insert(tx: &mut Tx<'_>, user: UserId, conversation: &mut Conversation) -> Result<()> {
    mask_in_place(&mut conversation.title);
    conversation.rev = tx.next_rev(user).await?;
    let sql = "insert into conversations (user_id, id, title, running_turn_id, created_at, \
               updated_at, rev, model) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    let query = sqlx::query(sql)
        .bind(user.to_string())
        .bind(conversation.id.to_string())
        .bind(&conversation.title);
    let query = query
        .bind(conversation.running_turn_id.map(|id| id.to_string()))
        .bind(conversation.created_at.millis());
    query
        .bind(conversation.updated_at.millis())
        .bind(conversation.rev)
        .bind(&conversation.model)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Writes the mutable fields of a conversation and sets its `rev`.
pub async fn update(tx: &mut Tx<'_>, user: UserId, conversation: &mut Conversation) -> Result<()> {
    mask_in_place(&mut conversation.title);
    conversation.rev = tx.next_rev(user).await?;
    let sql = "update conversations set title = $3, running_turn_id = $4, updated_at = $5, rev = \
               $6, model = $7 where user_id = $1 and id = $2";
    let query = sqlx::query(sql)
        .bind(user.to_string())
        .bind(conversation.id.to_string())
        .bind(&conversation.title);
    let query = query.bind(conversation.running_turn_id.map(|id| id.to_string()));
    query
        .bind(conversation.updated_at.millis())
        .bind(conversation.rev)
        .bind(&conversation.model)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// One of the owner's conversations.
pub async fn find(
    connection: &mut AnyConnection,
    user: UserId,
    id: ConversationId,
) -> Result<Option<Conversation>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from conversations where user_id = $1 and id = $2"
    ));
    let row = sqlx::query_as::<_, ConversationRow>(sql)
        .bind(user.to_string())
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?;
    row.map(ConversationRow::read).transpose()
}

/// The titles of some of the owner's conversations.
pub async fn titles(
    connection: &mut AnyConnection,
    user: UserId,
    ids: &BTreeSet<ConversationId>,
) -> Result<BTreeMap<ConversationId, String>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids_in = placeholders(2, 1, ids.len(), "");
    let sql = sqlx::AssertSqlSafe(format!(
        "select id, title from conversations where user_id = $1 and id in {ids_in}"
    ));
    let query = sqlx::query_as::<_, (String, String)>(sql).bind(user.to_string());
    let found = ids
        .iter()
        .fold(query, |query, id| query.bind(id.to_string()))
        .fetch_all(connection)
        .await?;
    found
        .into_iter()
        .map(|(id, mut title)| {
            nul::read(&mut title);
            Ok((parse_column("id", &id)?, title))
        })
        .collect()
}

/// The owner's conversations, most recently used first, at most `limit`; with `before` those used
/// less recently than it.
pub async fn latest(
    connection: &mut AnyConnection,
    user: UserId,
    before: Option<ConversationId>,
    limit: i64,
) -> Result<Vec<Conversation>> {
    let is_older = "(updated_at, id) < (select updated_at, id from conversations where user_id = \
                    $1 and id = ?)";
    let conditions = Conditions::new(3).and(is_older, before);
    let sql = format!(
        "select {COLUMNS} from conversations where user_id = $1{} order by updated_at desc, id \
         desc limit $2",
        conditions.sql
    );
    let query = sqlx::query_as::<_, ConversationRow>(sqlx::AssertSqlSafe(sql))
        .bind(user.to_string())
        .bind(limit);
    let rows = conditions
        .values
        .into_iter()
        .fold(query, |query, value| query.bind(value))
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(ConversationRow::read).collect()
}

/// Deletes a conversation with its messages and turns; returns the number of messages. Entries are
/// deleted by `retention::rows::delete_conversation`, files are marked by
/// `files::mark_conversation`.
pub async fn delete(tx: &mut Tx<'_>, user: UserId, id: ConversationId) -> Result<i64> {
    tx.mark_text_deleted();
    answer_parts::delete_conversation(tx, user, id).await?;
    let sql = "delete from messages where user_id = $1 and conversation_id = $2";
    let messages = sqlx::query(sql)
        .bind(user.to_string())
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?
        .rows_affected();
    for sql in [
        "delete from turns where user_id = $1 and conversation_id = $2",
        "delete from conversations where user_id = $1 and id = $2",
    ] {
        sqlx::query(sql)
            .bind(user.to_string())
            .bind(id.to_string())
            .execute(&mut **tx)
            .await?;
    }
    Ok(i64::try_from(messages).unwrap_or(i64::MAX))
}
