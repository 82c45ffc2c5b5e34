//! Tool calls of the assistant's turns.

use super::{COLUMNS, EntryRow};
use crate::{
    domain::{
        WorkLogEntry,
        ids::{ConversationId, UserId},
    },
    server::store::Result,
};
use sqlx::AnyConnection;

/// How many of a conversation's newest entries are looked at.
const LOOKED_AT: i64 = 2_000;

/// The newest `limit` settled tool calls of the assistant's turns among the newest 2,000 entries of
/// a conversation, oldest first. Archived ones are not read.
pub async fn calls_of_turns(
    connection: &mut AnyConnection,
    user: UserId,
    conversation: ConversationId,
    limit: i64,
) -> Result<Vec<WorkLogEntry>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from work_logs where user_id = $1 and id in (select id from (select id, \
         turn_id, log_type, status from work_logs where user_id = $1 and conversation_id = $2 \
         order by id desc limit $3) as newest where turn_id is not null and log_type = \
         'tool_call' and status <> 'working' order by id desc limit $4) order by id"
    ));
    let query = sqlx::query_as::<_, EntryRow>(sql)
        .bind(user.to_string())
        .bind(conversation.to_string());
    let rows = query
        .bind(LOOKED_AT)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(EntryRow::read).collect()
}
