//! What runs did, and when the last one was.

use crate::{
    domain::time::Timestamp,
    server::store::{Result, Tx, meta},
};
use sqlx::AnyConnection;

/// Runs that are remembered.
const KEPT: i64 = 500;

/// Notes a run and its report, as JSON.
pub async fn note(tx: &mut Tx<'_>, id: &str, started_at: Timestamp, report: &str) -> Result<()> {
    let sql = "insert into retention_runs (id, started_at, report) values ($1, $2, $3)";
    sqlx::query(sql)
        .bind(id)
        .bind(started_at.millis())
        .bind(report)
        .execute(&mut **tx)
        .await?;
    let sql = "delete from retention_runs where id not in (select id from retention_runs order by started_at desc, id desc limit $1)";
    sqlx::query(sql).bind(KEPT).execute(&mut **tx).await?;
    Ok(())
}

/// The newest runs, newest first: when, and the report as JSON.
pub async fn latest(
    connection: &mut AnyConnection,
    limit: i64,
) -> Result<Vec<(Timestamp, String)>> {
    let sql =
        "select started_at, report from retention_runs order by started_at desc, id desc limit $1";
    let rows: Vec<(i64, String)> = sqlx::query_as(sql)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(at, report)| (Timestamp::from_millis(at), report))
        .collect())
}

/// What the clock showed at the last run whose clock was believed.
pub async fn last_seen(connection: &mut AnyConnection) -> Result<Option<Timestamp>> {
    moment(connection, "retention_last_seen").await
}

/// When orphans were last looked for.
pub async fn last_sweep(connection: &mut AnyConnection) -> Result<Option<Timestamp>> {
    moment(connection, "retention_last_sweep").await
}

/// Notes what the clock shows; it is believed.
pub async fn see(tx: &mut Tx<'_>, now: Timestamp) -> Result<()> {
    note_moment(tx, "retention_last_seen", now).await
}

/// Notes that orphans were looked for.
pub async fn swept(tx: &mut Tx<'_>, now: Timestamp) -> Result<()> {
    note_moment(tx, "retention_last_sweep", now).await
}

async fn moment(connection: &mut AnyConnection, name: &str) -> Result<Option<Timestamp>> {
    Ok(meta::fact(connection, name)
        .await?
        .and_then(|millis| millis.parse().ok())
        .map(Timestamp::from_millis))
}

async fn note_moment(tx: &mut Tx<'_>, name: &str, now: Timestamp) -> Result<()> {
    meta::note_fact(tx, name, &now.millis().to_string()).await
}
