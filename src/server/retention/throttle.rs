//! How fast a run goes: after each piece of work it rests so many times as long as that took. On a
//! slow or busy machine the work takes longer, and so do the rests.

use crate::server::base::fail_points::{FailPoint, reach};
use std::time::{Duration, Instant};

/// No rest is longer.
const LONGEST: Duration = Duration::from_secs(2);

/// When the work began that is going on.
#[derive(Debug)]
pub(super) struct Throttle {
    rests: u32,
    since: Instant,
}

impl Throttle {
    /// A pace that rests `rests` times as long as it works; with 0 not at all.
    pub(super) fn new(rests: u32) -> Self {
        Self {
            rests,
            since: Instant::now(),
        }
    }

    /// Rests from what was done since the last rest.
    pub(super) async fn rest(&mut self) {
        if self.rests > 0 {
            tokio::time::sleep((self.since.elapsed() * self.rests).min(LONGEST)).await;
        }
        reach(FailPoint::Rested).await;
        self.since = Instant::now();
    }
}
