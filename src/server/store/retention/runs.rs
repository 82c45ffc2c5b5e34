//! Reports of past runs, and times of the last ones.

use crate::{
    domain::time::Timestamp,
    server::store::{Result, Tx, meta},
};
use sqlx::AnyConnection;

/// Number of runs that are stored.
const MAX_RUNS: i64 = 500;

/// Stores a run and its report as JSON.
pub async fn record(tx: &mut Tx<'_>, id: &str, started_at: Timestamp, report: &str) -> Result<()> {
    let sql = "insert into retention_runs (id, started_at, report) values ($1, $2, $3)";
    sqlx::query(sql)
        .bind(id)
        .bind(started_at.millis())
        .bind(report)
        .execute(&mut **tx)
        .await?;
    let sql = "delete from retention_runs where id not in (select id from retention_runs order by \
               started_at desc, id desc limit $1)";
    sqlx::query(sql).bind(MAX_RUNS).execute(&mut **tx).await?;
    Ok(())
}

/// The newest runs, newest first: start time and report as JSON.
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

/// The clock at the last run that trusted it.
pub async fn last_seen(connection: &mut AnyConnection) -> Result<Option<Timestamp>> {
    timestamp(connection, "retention_last_seen").await
}

/// When orphans were last searched for.
pub async fn last_sweep(connection: &mut AnyConnection) -> Result<Option<Timestamp>> {
    timestamp(connection, "retention_last_sweep").await
}

/// Records a trusted clock.
pub async fn record_clock(tx: &mut Tx<'_>, now: Timestamp) -> Result<()> {
    set_timestamp(tx, "retention_last_seen", now).await
}

/// Records a search for orphans.
pub async fn record_sweep(tx: &mut Tx<'_>, now: Timestamp) -> Result<()> {
    set_timestamp(tx, "retention_last_sweep", now).await
}

async fn timestamp(connection: &mut AnyConnection, name: &str) -> Result<Option<Timestamp>> {
    Ok(meta::value(connection, name)
        .await?
        .and_then(|millis| millis.parse().ok())
        .map(Timestamp::from_millis))
}

async fn set_timestamp(tx: &mut Tx<'_>, name: &str, now: Timestamp) -> Result<()> {
    meta::set_value(tx, name, &now.millis().to_string()).await
}
