//! Running totals by hour, of the last two days: what `stats` and `durations` keep by day, in one
//! table and without the tier. A move between tiers or a deletion leaves them as they are, so they
//! tell what was done, whatever became of it.

use super::{
    Result, Tx,
    durations::{AnswersLine, BucketLine, Timed, timed},
    sums::{SumPart, Sums, Totals, metadata_number},
};
use crate::domain::{WorkLogEntry, ids::UserId, time::Timestamp};
use sqlx::AnyConnection;

/// How many hours before the one that is going on are kept.
const KEPT: i64 = 49;

const TOTALS: Totals = Totals {
    table: "work_log_hours",
    key: &["hour", "log_type", "status", "name", "bucket"],
    sums: &[
        "entries",
        "fallbacks",
        "input_tokens",
        "output_tokens",
        "first_token_ms",
        "first_tokens",
    ],
};

/// Counts entries of one person in (`sign` 1) or out (`sign` -1).
pub(super) async fn count(
    tx: &mut Tx<'_>,
    user: UserId,
    entries: &[(&WorkLogEntry, i64)],
) -> Result<()> {
    let mut sums = Sums::new(&TOTALS);
    for (entry, sign) in entries {
        let timed = timed(entry);
        let metadata = &entry.metadata;
        let of_timed = |figure: i64| if timed.is_some() { figure } else { 0 };
        let figures = [
            1,
            of_timed(i64::from(metadata.flag("fallback"))),
            metadata_number(metadata, "inputTokens"),
            metadata_number(metadata, "outputTokens"),
            of_timed(metadata_number(metadata, "timeToFirstTokenMs")),
            of_timed(i64::from(metadata.number("timeToFirstTokenMs").is_some())),
        ];
        let (name, bucket) = timed.map_or((String::new(), -1), |Timed { name, bucket, .. }| {
            (name, bucket)
        });
        let line = vec![
            entry.timestamp.hour().into(),
            entry.log_type.as_str().into(),
            entry.status.as_str().into(),
            SumPart::Text(name),
            bucket.into(),
        ];
        sums.add(line, &figures, *sign);
    }
    sums.write(tx, user).await.map(drop)
}

/// Entries of one hour, type and status.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct HourLine {
    /// Counted from 1970-01-01.
    pub hour: i64,
    /// The type's word.
    pub log_type: String,
    /// The status's word.
    pub status: String,
    /// How many.
    pub entries: i64,
    /// Sum of tokens read by models.
    pub input_tokens: i64,
    /// Sum of tokens written by models.
    pub output_tokens: i64,
}

/// Everybody's entries since the hour `since`.
pub async fn since(connection: &mut AnyConnection, since: i64) -> Result<Vec<HourLine>> {
    let sql = "select hour, log_type, status, cast(sum(entries) as bigint) as entries, cast(sum(input_tokens) as bigint) as input_tokens, \
               cast(sum(output_tokens) as bigint) as output_tokens from work_log_hours where hour >= $1 \
               group by hour, log_type, status having sum(entries) <> 0 order by hour, log_type, status";
    Ok(sqlx::query_as(sql)
        .bind(since)
        .fetch_all(connection)
        .await?)
}

/// How long everybody's models and tools took since the hour `since`.
pub async fn durations(connection: &mut AnyConnection, since: i64) -> Result<Vec<BucketLine>> {
    let sql = "select case log_type when 'ai_response' then 'model' else 'tool' end as source, name, bucket, \
               cast(sum(entries) as bigint) as entries, cast(sum(case status when 'error' then entries else 0 end) as bigint) as failed, \
               cast(sum(fallbacks) as bigint) as fallbacks, cast(sum(input_tokens + output_tokens) as bigint) as tokens, \
               cast(sum(first_token_ms) as bigint) as first_token_ms, cast(sum(first_tokens) as bigint) as first_tokens \
               from work_log_hours where hour >= $1 and bucket >= 0 \
               group by log_type, name, bucket having sum(entries) > 0 order by log_type, name, bucket";
    Ok(sqlx::query_as(sql)
        .bind(since)
        .fetch_all(connection)
        .await?)
}

/// Everybody's answers since the hour `since`, by hour.
pub async fn answers(connection: &mut AnyConnection, since: i64) -> Result<Vec<AnswersLine>> {
    let sql = "select hour as step, cast(sum(entries) as bigint) as answers, cast(sum(fallbacks) as bigint) as fallbacks \
               from work_log_hours where hour >= $1 and bucket >= 0 and log_type = 'ai_response' group by hour";
    Ok(sqlx::query_as(sql)
        .bind(since)
        .fetch_all(connection)
        .await?)
}

/// Takes out at most `limit` lines that are too old at `now`. Returns how many.
pub async fn trim(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<i64> {
    let sql = "delete from work_log_hours where (user_id, hour, log_type, status, name, bucket) in \
               (select user_id, hour, log_type, status, name, bucket from work_log_hours where hour < $1 order by hour limit $2)";
    let done = sqlx::query(sql)
        .bind(now.hour() - KEPT)
        .bind(limit)
        .execute(&mut **tx)
        .await?;
    Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
}
