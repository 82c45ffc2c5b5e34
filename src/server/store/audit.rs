//! The audit log: who did what.

use super::{Result, parse_column, parse_optional};
use crate::domain::{
    AuditEvent,
    ids::{AuditId, UserId},
    time::{DAY_MS, Timestamp},
};
use sqlx::AnyConnection;

/// Sorts after every id.
const AFTER_ALL: &str = "~";

#[derive(sqlx::FromRow)]
struct AuditRow {
    id: String,
    at: i64,
    action: String,
    outcome: String,
    actor_id: Option<String>,
    subject_id: Option<String>,
    network: Option<String>,
    detail: Option<String>,
}

impl AuditRow {
    fn read(self) -> Result<AuditEvent> {
        Ok(AuditEvent {
            id: parse_column("id", &self.id)?,
            at: Timestamp::from_millis(self.at),
            action: parse_column("action", &self.action)?,
            outcome: parse_column("outcome", &self.outcome)?,
            actor: parse_optional("actor_id", self.actor_id.as_deref())?,
            subject: parse_optional("subject_id", self.subject_id.as_deref())?,
            network: self.network,
            detail: self.detail,
        })
    }
}

/// Adds an event.
pub async fn insert(connection: &mut AnyConnection, event: &AuditEvent) -> Result<()> {
    let sql = "insert into audit (id, at, action, outcome, actor_id, subject_id, network, detail) \
               values ($1, $2, $3, $4, $5, $6, $7, $8)";
    let query = sqlx::query(sql)
        .bind(event.id.to_string())
        .bind(event.at.millis())
        .bind(event.action.as_str())
        .bind(event.outcome.as_str())
        .bind(event.actor.map(|id| id.to_string()))
        .bind(event.subject.map(|id| id.to_string()))
        .bind(event.network.as_deref())
        .bind(event.detail.as_deref());
    query.execute(connection).await?;
    Ok(())
}

/// How many failed sign-ins are stored for the UTC day of `now`.
pub async fn failed_on_day(connection: &mut AnyConnection, now: Timestamp) -> Result<i64> {
    let sql = "select count(*) from audit where at >= $1 and at < $2 \
               and action in ('sign_in_failed', 'sign_in_limited')";
    let query = sqlx::query_scalar(sql)
        .bind(now.day() * DAY_MS)
        .bind((now.day() + 1) * DAY_MS);
    Ok(query.fetch_one(connection).await?)
}

/// Events before the event `before`, newest first, at most `limit`.
pub async fn newest(
    connection: &mut AnyConnection,
    before: Option<AuditId>,
    limit: i64,
) -> Result<Vec<AuditEvent>> {
    let sql = "select id, at, action, outcome, actor_id, subject_id, network, detail from audit \
               where id < $1 order by id desc limit $2";
    let rows: Vec<AuditRow> = sqlx::query_as(sql)
        .bind(before.map_or_else(|| AFTER_ALL.to_owned(), |id| id.to_string()))
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(AuditRow::read).collect()
}

/// Deletes the events that name a user.
pub async fn forget(connection: &mut AnyConnection, user: UserId) -> Result<()> {
    let query = sqlx::query("delete from audit where actor_id = $1 or subject_id = $1");
    query.bind(user.to_string()).execute(connection).await?;
    Ok(())
}

/// Deletes events before a time, at most `limit`; returns how many.
pub async fn delete_before(
    connection: &mut AnyConnection,
    before: Timestamp,
    limit: i64,
) -> Result<u64> {
    let sql = "delete from audit where id in \
               (select id from audit where at < $1 order by at limit $2)";
    let query = sqlx::query(sql).bind(before.millis()).bind(limit);
    Ok(query.execute(connection).await?.rows_affected())
}
