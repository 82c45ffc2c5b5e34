//! Limits the load of a run: after each piece of work it pauses a multiple of the time that took,
//! so pauses grow on a slow or busy machine.

use crate::server::base::fail_points::{FailPoint, reach};
use std::time::{Duration, Instant};

/// Maximum pause.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// Measures work and pauses after it.
#[derive(Debug)]
pub(super) struct Throttle {
    factor: u32,
    work_started: Instant,
}

impl Throttle {
    /// Pauses `factor` times as long as the work took; 0 never pauses.
    pub(super) fn new(factor: u32) -> Self {
        Self {
            factor,
            work_started: Instant::now(),
        }
    }

    /// Pauses for the work since the last pause.
    pub(super) async fn pause(&mut self) {
        if self.factor > 0 {
            tokio::time::sleep((self.work_started.elapsed() * self.factor).min(MAX_PAUSE)).await;
        }
        reach(FailPoint::Paused).await;
        self.work_started = Instant::now();
    }
}
