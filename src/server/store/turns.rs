//! Turns and their leases.

use super::{Result, Tx, parsed};
use crate::domain::{
    ids::{ConversationId, TurnId, UserId},
    time::Timestamp,
};
use sqlx::AnyConnection;

/// A turn and whose it is.
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
            user_id: parsed("user_id", &self.user_id)?,
            id: parsed("id", &self.id)?,
            conversation_id: parsed("conversation_id", &self.conversation_id)?,
        })
    }
}

/// Begins a turn for `worker`, whose lease runs until `lease_until`.
pub async fn insert(
    tx: &mut Tx<'_>,
    now: Timestamp,
    turn: TurnRef,
    worker: &str,
    lease_until: Timestamp,
) -> Result<()> {
    let sql = "insert into turns (user_id, id, conversation_id, worker, lease_until, created_at) values ($1, $2, $3, $4, $5, $6)";
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

/// Renews a running turn's lease and that of its working entries. `false` when the turn was
/// stopped, settled or deleted: its worker must give up. The owner is locked first, as everywhere:
/// whoever deletes the conversation at the same time would otherwise hold the entries and wait for
/// the turn, while this holds the turn and waits for the entries.
pub async fn renew(tx: &mut Tx<'_>, turn: TurnRef, lease_until: Timestamp) -> Result<bool> {
    tx.lock(turn.user_id).await?;
    let sql = "update turns set lease_until = $3 where user_id = $1 and id = $2 and ended_at is null and stop_requested_at is null";
    let query = sqlx::query(sql)
        .bind(turn.user_id.to_string())
        .bind(turn.id.to_string())
        .bind(lease_until.millis());
    let alive = query.execute(&mut **tx).await?.rows_affected() == 1;
    let sql = "update work_logs set lease_until = $3 where user_id = $1 and turn_id = $2 and status = 'working'";
    let query = sqlx::query(sql)
        .bind(turn.user_id.to_string())
        .bind(turn.id.to_string())
        .bind(lease_until.millis());
    query.execute(&mut **tx).await?;
    Ok(alive)
}

/// Asks a running turn's worker to stop, wherever it is.
pub async fn request_stop(
    tx: &mut Tx<'_>,
    now: Timestamp,
    user: UserId,
    turn: TurnId,
) -> Result<()> {
    let sql = "update turns set stop_requested_at = $3 where user_id = $1 and id = $2 and ended_at is null";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(turn.to_string())
        .bind(now.millis())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Whether a turn's worker should give up: it was stopped, settled or deleted.
pub async fn is_over(connection: &mut AnyConnection, turn: TurnRef) -> Result<bool> {
    let sql = "select count(*) from turns where user_id = $1 and id = $2 and ended_at is null and stop_requested_at is null";
    let running: i64 = sqlx::query_scalar(sql)
        .bind(turn.user_id.to_string())
        .bind(turn.id.to_string())
        .fetch_one(connection)
        .await?;
    Ok(running == 0)
}

/// Ends a turn; with `lapsed` only if its lease ran out. `false` when it had ended already or its
/// worker lives.
pub async fn end(tx: &mut Tx<'_>, now: Timestamp, turn: TurnRef, lapsed: bool) -> Result<bool> {
    let sql = "update turns set ended_at = $3 where user_id = $1 and id = $2 and ended_at is null and ($4 = 0 or lease_until < $3)";
    let query = sqlx::query(sql)
        .bind(turn.user_id.to_string())
        .bind(turn.id.to_string())
        .bind(now.millis())
        .bind(i64::from(lapsed));
    Ok(query.execute(&mut **tx).await?.rows_affected() == 1)
}

/// Turns whose lease ran out before `now`, at most `limit`.
pub async fn lapsed(
    connection: &mut AnyConnection,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<TurnRef>> {
    let sql = "select user_id, id, conversation_id from turns where ended_at is null and lease_until < $1 order by lease_until limit $2";
    let rows: Vec<TurnRow> = sqlx::query_as(sql)
        .bind(now.millis())
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(TurnRow::read).collect()
}

/// A person's turns that run now, wherever they do.
pub async fn running(connection: &mut AnyConnection, user: UserId) -> Result<Vec<TurnRef>> {
    let sql = "select user_id, id, conversation_id from turns where user_id = $1 and ended_at is null order by id";
    let rows: Vec<TurnRow> = sqlx::query_as(sql)
        .bind(user.to_string())
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(TurnRow::read).collect()
}

/// Lets every lease of turns and of their entries run out: on a database of one process, whoever
/// held them is dead.
pub async fn expire_all(tx: &mut Tx<'_>) -> Result<()> {
    sqlx::query("update turns set lease_until = 0 where ended_at is null")
        .execute(&mut **tx)
        .await?;
    let sql =
        "update work_logs set lease_until = 0 where status = 'working' and turn_id is not null";
    sqlx::query(sql).execute(&mut **tx).await?;
    Ok(())
}

/// Whether any turn runs or any entry is `working`, here or elsewhere: whoever works on it holds a
/// lease.
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
