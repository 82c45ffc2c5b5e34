//! How long models and tools took, as a histogram: four buckets to each doubling, so a quantile is right to a fifth.

use super::{Result, Tx};
use crate::work_log::{LogType, Status, WorkLogEntry};
use sqlx::AnyConnection;

/// Buckets to each doubling of the duration.
const PER_DOUBLING: f64 = 4.0;
/// Longest name that is counted, in characters.
const NAME_MAX: usize = 80;

/// What of one model or tool fell into one bucket.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct BucketLine {
    /// `model` or `tool`.
    pub source: String,
    /// Its name.
    pub name: String,
    /// The bucket; see [`upper_ms`].
    pub bucket: i64,
    /// How many entries.
    pub entries: i64,
    /// How many of them failed.
    pub failed: i64,
    /// How many answered in place of another model.
    pub fallbacks: i64,
    /// Sum of tokens, read and written.
    pub tokens: i64,
    /// Sum of the times to the first token, in milliseconds, of `first_tokens` entries.
    pub first_token_ms: i64,
    /// How many measured it.
    pub first_tokens: i64,
}

fn bucket(duration_ms: i64) -> i64 {
    ((duration_ms.max(0) as f64 + 1.0).log2() * PER_DOUBLING).floor() as i64
}

/// The longest duration of a bucket, in milliseconds.
pub fn upper_ms(bucket: i64) -> i64 {
    ((bucket + 1) as f64 / PER_DOUBLING).exp2().ceil() as i64 - 1
}

/// Counts a settled answer or tool call in (`sign` 1) or out (`sign` -1).
pub(super) async fn count(tx: &mut Tx<'_>, entry: &WorkLogEntry, sign: i64) -> Result<()> {
    let metadata = &entry.metadata;
    let counted = match entry.log_type {
        LogType::AiResponse => metadata.text("modelName").or_else(|| metadata.text("model")).map(|name| ("model", name)),
        LogType::ToolCall => metadata.text("tool").map(|name| ("tool", name)),
        _ => None,
    };
    let (Some((source, name)), Some(duration_ms), false) = (counted, entry.duration_ms, entry.status == Status::Working) else {
        return Ok(());
    };
    let mut name: String = name.chars().take(NAME_MAX).collect();
    super::storable(&mut name);
    let number = |name| metadata.number(name).unwrap_or(0).clamp(0, 1 << 40);
    let first = metadata.number("timeToFirstTokenMs");
    let sql = "insert into work_log_durations (user_id, day, source, name, bucket, entries, failed, fallbacks, tokens, first_token_ms, \
               first_tokens) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (user_id, day, source, name, bucket) do \
               update set entries = work_log_durations.entries + excluded.entries, failed = work_log_durations.failed + excluded.failed, \
               fallbacks = work_log_durations.fallbacks + excluded.fallbacks, tokens = work_log_durations.tokens + excluded.tokens, \
               first_token_ms = work_log_durations.first_token_ms + excluded.first_token_ms, \
               first_tokens = work_log_durations.first_tokens + excluded.first_tokens";
    let query = sqlx::query(sql).bind(entry.user_id.to_string()).bind(entry.timestamp.day()).bind(source).bind(name);
    let query = query.bind(bucket(duration_ms)).bind(sign).bind(sign * i64::from(entry.status == Status::Error));
    let query = query.bind(sign * i64::from(metadata.flag("fallback"))).bind(sign * (number("inputTokens") + number("outputTokens")));
    let query = query.bind(sign * number("timeToFirstTokenMs")).bind(sign * i64::from(first.is_some()));
    query.execute(&mut **tx).await?;
    Ok(())
}

/// Everybody's, since the UTC day `since`.
pub async fn since(connection: &mut AnyConnection, since: i64) -> Result<Vec<BucketLine>> {
    let sql = "select source, name, bucket, cast(sum(entries) as bigint) as entries, cast(sum(failed) as bigint) as failed, \
               cast(sum(fallbacks) as bigint) as fallbacks, cast(sum(tokens) as bigint) as tokens, \
               cast(sum(first_token_ms) as bigint) as first_token_ms, cast(sum(first_tokens) as bigint) as first_tokens \
               from work_log_durations where day >= $1 group by source, name, bucket having sum(entries) > 0 order by source, name, bucket";
    Ok(sqlx::query_as(sql).bind(since).fetch_all(connection).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_lies_in_its_bucket_and_the_bucket_is_narrow() {
        for ms in [0, 1, 2, 9, 100, 2_345, 60_000, 31_622_400_000] {
            let upper = upper_ms(bucket(ms));
            assert!(upper >= ms && upper as f64 <= ms as f64 * 1.2 + 2.0, "{ms} is told as {upper}");
        }
    }
}
