//! The clock guard: a clock that leapt must not delete the log. Deletions wait for an admin's word when both hold: the clock
//! is more than 20 hours after the last run, and more than a fifth of all entries would go.

use crate::{
    server::{
        error::Result,
        store::{
            Reader,
            retention::{due, runs},
            stats,
        },
    },
    timestamp::Timestamp,
};

/// Longer between two hourly runs, the clock has leapt, be it by a day, or the server stood still for longer than a night.
const LEAP_MS: i64 = 20 * 3_600_000;
/// One in so many entries may go without a word.
const FIFTH: i64 = 5;

/// Why deletions wait, if they do.
pub(super) async fn waiting(reader: &mut Reader, now: Timestamp, expired: Timestamp) -> Result<Option<String>> {
    let Some(last) = runs::last_seen(reader).await?.filter(|last| now.since(*last) > LEAP_MS) else { return Ok(None) };
    let would_go = due::count_expired_rows(reader, expired).await? + due::count_expired_in_objects(reader, expired).await?;
    let all = stats::entries(reader).await?;
    let waits = would_go * FIFTH > all;
    Ok(waits.then(|| {
        let days = now.since(last) / crate::timestamp::DAY_MS;
        format!(
            "the clock says {}, {days} days after the last run, and {would_go} of {all} entries would be deleted; \
             if the clock is right, confirm it",
            now.date_time()
        )
    }))
}
