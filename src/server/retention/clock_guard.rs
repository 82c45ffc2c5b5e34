//! The clock guard: a clock that leapt must not delete the log. Deletions wait for an admin's word
//! when both hold: the clock is more than 20 hours after the last run, and more than a fifth of all
//! entries would go.

use crate::{
    domain::time::{DAY_MS, HOUR_MS, Timestamp},
    server::{
        base::error::Result,
        store::{
            Reader,
            retention::{due, runs},
            stats,
        },
    },
};

/// When the last run is longer ago, the clock has leapt, or the server was off for longer than a
/// night.
const LEAP_MS: i64 = 20 * HOUR_MS;
/// Deletions wait when more than one entry in so many would go.
const ONE_IN: i64 = 5;

/// Why deletions wait, if they do.
pub(super) async fn waiting(
    reader: &mut Reader,
    now: Timestamp,
    expired: Timestamp,
) -> Result<Option<String>> {
    let Some(last) = runs::last_seen(reader)
        .await?
        .filter(|last| now.since(*last) > LEAP_MS)
    else {
        return Ok(None);
    };
    let would_go = due::count_expired_rows(reader, expired).await?
        + due::count_expired_in_objects(reader, expired).await?;
    let all = stats::entries(reader).await?;
    let waits = would_go * ONE_IN > all;
    Ok(waits.then(|| {
        let days = now.since(last) / DAY_MS;
        format!(
            "the clock says {}, {days} days after the last run, and {would_go} of {all} entries would be deleted; \
             if the clock is right, confirm it",
            now.date_time()
        )
    }))
}
