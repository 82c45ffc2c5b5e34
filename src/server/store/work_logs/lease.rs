//! Entries whose worker may have ended.

use super::{COLUMNS, EntryRow};
use crate::{
    domain::{
        WorkLogEntry,
        ids::{EntryId, TurnId, UserId},
        time::Timestamp,
    },
    server::store::Result,
};
use sqlx::AnyConnection;

/// Working entries whose lease expired before `now`, at most `limit`. Entries of a turn are settled
/// with the turn.
pub async fn lapsed(
    connection: &mut AnyConnection,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<WorkLogEntry>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from work_logs where status = 'working' and lease_until < $1 order by \
         lease_until limit $2"
    ));
    let rows = sqlx::query_as::<_, EntryRow>(sql)
        .bind(now.millis())
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(EntryRow::read).collect()
}

/// The entry, if it is still `working` and its lease expired before `now`.
pub async fn find_lapsed(
    connection: &mut AnyConnection,
    now: Timestamp,
    user: UserId,
    id: EntryId,
) -> Result<Option<WorkLogEntry>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from work_logs where user_id = $1 and id = $2 and status = 'working' \
         and lease_until < $3"
    ));
    let query = sqlx::query_as::<_, EntryRow>(sql)
        .bind(user.to_string())
        .bind(id.to_string())
        .bind(now.millis());
    query
        .fetch_optional(connection)
        .await?
        .map(EntryRow::read)
        .transpose()
}

/// The entries of a turn that are still `working`.
pub async fn of_turn_working(
    connection: &mut AnyConnection,
    user: UserId,
    turn: TurnId,
) -> Result<Vec<WorkLogEntry>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from work_logs where user_id = $1 and turn_id = $2 and status = \
         'working' order by id"
    ));
    let rows = sqlx::query_as::<_, EntryRow>(sql)
        .bind(user.to_string())
        .bind(turn.to_string())
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(EntryRow::read).collect()
}
