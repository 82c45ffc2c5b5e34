//! Running totals by hour for the last two days: the counts of `stats` and `durations` in one
//! table, without the tier. Moving or deleting entries does not change them.

use super::{
    Result, Tx,
    durations::{AnswersLine, BucketLine, Timed, timed},
    sums::{SumPart, Sums, Totals, metadata_number},
};
use crate::domain::{WorkLogEntry, ids::UserId, time::Timestamp};
use sqlx::AnyConnection;

/// Number of past hours to keep.
const KEPT_HOURS: i64 = 49;

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

/// Adds (`sign` 1) or subtracts (`sign` -1) entries of one user.
pub(super) async fn count(
    tx: &mut Tx<'_>,
    user: UserId,
    entries: &[(&WorkLogEntry, i64)],
) -> Result<()> {
    let mut sums = Sums::new(&TOTALS);
    for (entry, sign) in entries {
        let timed = timed(entry);
        let metadata = &entry.metadata;
        let if_timed = |value: i64| if timed.is_some() { value } else { 0 };
        let values = [
            1,
            if_timed(i64::from(metadata.flag("fallback"))),
            metadata_number(metadata, "inputTokens"),
            metadata_number(metadata, "outputTokens"),
            if_timed(metadata_number(metadata, "timeToFirstTokenMs")),
            if_timed(i64::from(metadata.number("timeToFirstTokenMs").is_some())),
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
        sums.add(line, &values, *sign);
    }
    sums.write(tx, user).await.map(drop)
}

/// Totals of one hour, type and status.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct HourLine {
    /// UTC hour, counted from 1970-01-01.
    pub hour: i64,
    /// The log type.
    pub log_type: String,
    /// The status.
    pub status: String,
    /// Number of entries.
    pub entries: i64,
    /// Sum of input tokens.
    pub input_tokens: i64,
    /// Sum of output tokens.
    pub output_tokens: i64,
}

/// Totals of all users since the hour `since`.
pub async fn since(connection: &mut AnyConnection, since: i64) -> Result<Vec<HourLine>> {
    let sql = "select hour, log_type, status, cast(sum(entries) as bigint) as entries, \
               cast(sum(input_tokens) as bigint) as input_tokens, \
               cast(sum(output_tokens) as bigint) as output_tokens from work_log_hours where hour \
               >= $1 \
               group by hour, log_type, status having sum(entries) <> 0 order by hour, log_type, \
               status";
    Ok(sqlx::query_as(sql)
        .bind(since)
        .fetch_all(connection)
        .await?)
}

/// Durations of all users' models and tools since the hour `since`.
pub async fn durations(connection: &mut AnyConnection, since: i64) -> Result<Vec<BucketLine>> {
    let sql = "select case log_type when 'ai_response' then 'model' else 'tool' end as source, \
               name, bucket, \
               cast(sum(entries) as bigint) as entries, cast(sum(case status when 'error' then \
               entries else 0 end) as bigint) as failed, \
               cast(sum(fallbacks) as bigint) as fallbacks, cast(sum(input_tokens + \
               output_tokens) as bigint) as tokens, \
               cast(sum(first_token_ms) as bigint) as first_token_ms, cast(sum(first_tokens) as \
               bigint) as first_tokens from work_log_hours where hour >= $1 and bucket >= 0 \
               group by log_type, name, bucket having sum(entries) > 0 order by log_type, name, \
               bucket";
    Ok(sqlx::query_as(sql)
        .bind(since)
        .fetch_all(connection)
        .await?)
}

/// All users' answers since the hour `since`, by hour.
pub async fn answers(connection: &mut AnyConnection, since: i64) -> Result<Vec<AnswersLine>> {
    let sql = "select hour as step, cast(sum(entries) as bigint) as answers, cast(sum(fallbacks) \
               as bigint) as fallbacks \
               from work_log_hours where hour >= $1 and bucket >= 0 and log_type = 'ai_response' \
               and name <> '' group by hour";
    Ok(sqlx::query_as(sql)
        .bind(since)
        .fetch_all(connection)
        .await?)
}

/// Deletes at most `limit` outdated lines; returns their number.
pub async fn delete_old(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<i64> {
    let sql = "delete from work_log_hours where (user_id, hour, log_type, status, name, bucket) in \
               (select user_id, hour, log_type, status, name, bucket from work_log_hours where \
               hour < $1 order by hour limit $2)";
    let done = sqlx::query(sql)
        .bind(now.hour() - KEPT_HOURS)
        .bind(limit)
        .execute(&mut **tx)
        .await?;
    Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
}
