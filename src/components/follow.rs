//! From a page's snapshot to its live feed.

use crate::{
    domain::Snapshot,
    live::{StreamStart, WorkLogStream, use_work_log_stream},
};

/// Follows the feed from where the snapshot ends.
pub(super) fn follow(snapshot: Snapshot) -> WorkLogStream {
    let Snapshot {
        user_id,
        rows,
        cursor,
        now,
        cold_days,
        ..
    } = snapshot;
    use_work_log_stream(StreamStart {
        user_id,
        cursor,
        rows,
        now,
        cold_days,
    })
}
