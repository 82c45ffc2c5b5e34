//! The clock guard prevents a wrong clock from deleting the log. Deletions wait for an admin's
//! confirmation if the clock is more than 20 hours after the last run and more than a fifth of all
//! entries would be deleted.

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

/// A longer gap since the last run means that the clock jumped, or that the server was off for
/// longer than a night.
const MAX_GAP_MS: i64 = 20 * HOUR_MS;
/// Deletions wait if they would delete more than one in this many entries.
const GUARD_DIVISOR: i64 = 5;

/// Why deletions wait, if they do.
pub(super) async fn waiting(
    reader: &mut Reader,
    now: Timestamp,
    expired: Timestamp,
) -> Result<Option<String>> {
    let Some(last) = runs::last_seen(reader)
        .await?
        .filter(|last| now.since(*last) > MAX_GAP_MS)
    else {
        return Ok(None);
    };
    let expiring = due::count_expired_rows(reader, expired).await?
        + due::count_expired_in_objects(reader, expired).await?;
    let all = stats::entries(reader).await?;
    let must_wait = expiring * GUARD_DIVISOR > all;
    Ok(must_wait.then(|| {
        let days = now.since(last) / DAY_MS;
        format!(
            "the clock says {}, {days} days after the last run, and {expiring} of {all} entries \
             would be deleted; if the clock is correct, confirm it",
            now.date_time()
        )
    }))
}
