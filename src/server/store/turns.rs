//! Turns and their leases.

use super::{Result, Tx, parse_column};
use crate::domain::{
    ids::{ConversationId, TurnId, UserId},
    time::Timestamp,
};
use sqlx::AnyConnection;

/// A turn with its owner and conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnRef {
    /// The owner.
    pub user_id: UserId,
    /// The turn.
    pub id: TurnId,
    /// The conversation it runs in.
    pub conversation_id: ConversationId,
}

#[derive(sqlx::FromRow)]
struct TurnRow {
    user_id: String,
    id: String,
    conversation_id: String,
}

impl TurnRow {
    fn read(self) -> Result<TurnRef> {
        Ok(TurnRef {
            user_id: parse_column("user_id", &self.user_id)?,
            id: parse_column("id", &self.id)?,
            conversation_id: parse_column("conversation_id", &self.conversation_id)?,
        })
    }
}

/// Starts a turn for `worker` with a lease until `lease_until`.
pub async fn insert(
    tx: &mut Tx<'_>,
    now: Timestamp,
    turn: TurnRef,
    worker: &str,
    lease_until: Timestamp,
) -> Result<()> {
    let sql = "insert into turns (user_id, id, conversation_id, worker, lease_until, created_at) \
               values ($1, $2, $3, $4, $5, $6)";
    let query = sqlx::query(sql)
        .bind(turn.user_id.to_string())
        .bind(turn.id.to_string())
        .bind(turn.conversation_id.to_string());
    query
        .bind(worker)
        .bind(lease_until.millis())
        .bind(now.millis())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Renews the leases of a running turn and its working entries. Returns `false` if the turn was
/// stopped, settled or deleted; its worker must end. Locks the owner first to avoid a deadlock:
/// deleting the conversation locks the entries before the turn, this the turn before the entries.
pub async fn renew(tx: &mut Tx<'_>, turn: TurnRef, lease_until: Timestamp) -> Result<bool> {
    tx.lock(turn.user_id).await?;
    let sql = "update turns set lease_until = $3 where user_id = $1 and id = $2 and ended_at is \
               null and stop_requested_at is null";
    let query = sqlx::query(sql)
        .bind(turn.user_id.to_string())
        .bind(turn.id.to_string())
        .bind(lease_until.millis());
    let is_running = query.execute(&mut **tx).await?.rows_affected() == 1;
    let sql = "update work_logs set lease_until = $3 where user_id = $1 and turn_id = $2 and \
               status = 'working'";
    let query = sqlx::query(sql)
        .bind(turn.user_id.to_string())
        .bind(turn.id.to_string())
        .bind(lease_until.millis());
    query.execute(&mut **tx).await?;
    Ok(is_running)
}

/// Asks the worker of a running turn to stop, in whichever process it is.
pub async fn request_stop(
    tx: &mut Tx<'_>,
    now: Timestamp,
    user: UserId,
    turn: TurnId,
) -> Result<()> {
    let sql = "update turns set stop_requested_at = $3 where user_id = $1 and id = $2 and \
               ended_at is null";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(turn.to_string())
        .bind(now.millis())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Whether the turn was stopped, settled or deleted, so that its worker must end.
pub async fn is_over(connection: &mut AnyConnection, turn: TurnRef) -> Result<bool> {
    let sql = "select count(*) from turns where user_id = $1 and id = $2 and ended_at is null and \
               stop_requested_at is null";
    let running: i64 = sqlx::query_scalar(sql)
        .bind(turn.user_id.to_string())
        .bind(turn.id.to_string())
        .fetch_one(connection)
        .await?;
    Ok(running == 0)
}

/// Ends a turn; with `lapsed` only if its lease has expired. Returns `false` if it has already
/// ended or its lease is valid.
pub async fn end(tx: &mut Tx<'_>, now: Timestamp, turn: TurnRef, lapsed: bool) -> Result<bool> {
    let sql = "update turns set ended_at = $3 where user_id = $1 and id = $2 and ended_at is null \
               and ($4 = 0 or lease_until < $3)";
    let query = sqlx::query(sql)
        .bind(turn.user_id.to_string())
        .bind(turn.id.to_string())
        .bind(now.millis())
        .bind(i64::from(lapsed));
    Ok(query.execute(&mut **tx).await?.rows_affected() == 1)
}

/// Turns whose lease expired before `now`, at most `limit`.
pub async fn lapsed(
    connection: &mut AnyConnection,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<TurnRef>> {
    let sql = "select user_id, id, conversation_id from turns where ended_at is null and \
               lease_until < $1 order by lease_until limit $2";
    let rows: Vec<TurnRow> = sqlx::query_as(sql)
        .bind(now.millis())
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(TurnRow::read).collect()
}

/// A user's running turns, in all processes.
pub async fn running(connection: &mut AnyConnection, user: UserId) -> Result<Vec<TurnRef>> {
    let sql = "select user_id, id, conversation_id from turns where user_id = $1 and ended_at is \
               null order by id";
    let rows: Vec<TurnRow> = sqlx::query_as(sql)
        .bind(user.to_string())
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(TurnRow::read).collect()
}

/// Expires the leases of all turns and their entries. Only for a database of one process, at start:
/// their holders have ended.
pub async fn expire_all(tx: &mut Tx<'_>) -> Result<()> {
    sqlx::query("update turns set lease_until = 0 where ended_at is null")
        .execute(&mut **tx)
        .await?;
    let sql =
        "update work_logs set lease_until = 0 where status = 'working' and turn_id is not null";
    sqlx::query(sql).execute(&mut **tx).await?;
    Ok(())
}

/// Whether any turn runs or any entry is `working` under a lease, in any process.
pub async fn leases_held(connection: &mut AnyConnection) -> Result<bool> {
    for sql in [
        "select 1 from turns where ended_at is null limit 1",
        "select 1 from work_logs where status = 'working' and lease_until is not null limit 1",
    ] {
        if sqlx::query_scalar::<_, i64>(sql)
            .fetch_optional(&mut *connection)
            .await?
            .is_some()
        {
            return Ok(true);
        }
    }
    Ok(false)
}
