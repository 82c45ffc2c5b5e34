//! Running totals, changed in the same transaction as the rows they count.

use super::{Result, Tx};
use crate::work_log::WorkLogEntry;
use sqlx::AnyConnection;

/// The tier under which deleted entries are still counted.
const DELETED: &str = "deleted";

/// One line of totals over a day, a type, a status and a tier.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct StatsLine {
    /// UTC day, counted from 1970-01-01.
    pub day: i64,
    /// The type's word.
    pub log_type: String,
    /// The status's word.
    pub status: String,
    /// The tier's word, or `deleted`.
    pub tier: String,
    /// How many.
    pub entries: i64,
    /// Title, details and metadata together, in bytes.
    pub bytes: i64,
    /// Sum of the measured durations, in milliseconds.
    pub duration_ms: i64,
    /// Sum of tokens read by models.
    pub input_tokens: i64,
    /// Sum of tokens written by models.
    pub output_tokens: i64,
}

/// Counts an entry in (`sign` 1) or out (`sign` -1).
pub(super) async fn count(tx: &mut Tx<'_>, entry: &WorkLogEntry, sign: i64) -> Result<()> {
    add(tx, entry, entry.storage_status.as_str(), sign).await
}

/// Takes an entry out of its tier and into the deleted ones.
pub(super) async fn move_to_deleted(tx: &mut Tx<'_>, entry: &WorkLogEntry) -> Result<()> {
    count(tx, entry, -1).await?;
    add(tx, entry, DELETED, 1).await
}

async fn add(tx: &mut Tx<'_>, entry: &WorkLogEntry, tier: &str, sign: i64) -> Result<()> {
    let sql = "insert into work_log_stats (user_id, day, log_type, status, tier, entries, bytes, duration_ms, input_tokens, output_tokens) \
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (user_id, day, log_type, status, tier) do update set \
               entries = work_log_stats.entries + excluded.entries, bytes = work_log_stats.bytes + excluded.bytes, \
               duration_ms = work_log_stats.duration_ms + excluded.duration_ms, \
               input_tokens = work_log_stats.input_tokens + excluded.input_tokens, \
               output_tokens = work_log_stats.output_tokens + excluded.output_tokens";
    let query = sqlx::query(sql).bind(entry.user_id.to_string()).bind(entry.timestamp.day()).bind(entry.log_type.as_str());
    let query = query.bind(entry.status.as_str()).bind(tier).bind(sign).bind(sign * size(entry));
    let query = query.bind(sign * entry.duration_ms.unwrap_or(0));
    let tokens = |name| sign * entry.metadata.number(name).unwrap_or(0).clamp(0, 1 << 40);
    query.bind(tokens("inputTokens")).bind(tokens("outputTokens")).execute(&mut **tx).await?;
    Ok(())
}

fn size(entry: &WorkLogEntry) -> i64 {
    let metadata = serde_json::to_string(&entry.metadata).map_or(0, |json| json.len());
    i64::try_from(entry.title.len() + entry.details.as_ref().map_or(0, String::len) + metadata).unwrap_or(i64::MAX)
}

/// The totals of everybody since the UTC day `since`, newest day first.
pub async fn since(connection: &mut AnyConnection, since: i64) -> Result<Vec<StatsLine>> {
    let sql = "select day, log_type, status, tier, cast(sum(entries) as bigint) as entries, cast(sum(bytes) as bigint) as bytes, \
               cast(sum(duration_ms) as bigint) as duration_ms, cast(sum(input_tokens) as bigint) as input_tokens, \
               cast(sum(output_tokens) as bigint) as output_tokens from work_log_stats where day >= $1 \
               group by day, log_type, status, tier having sum(entries) <> 0 order by day desc, log_type, status, tier";
    Ok(sqlx::query_as(sql).bind(since).fetch_all(connection).await?)
}
