//! How far retention is behind: the age of a tier's oldest entry beyond the age at which the tier
//! ends.

use super::Policy;
use crate::{
    domain::{
        StorageStatus,
        time::{DAY_MS, Timestamp},
    },
    server::{
        base::error::Result,
        store::{Reader, retention::due},
    },
};

/// A tier that is later than this is behind, in seconds: runs are hourly, and a run takes its time.
const LATE_S: i64 = 2 * 3_600;
/// The same for warm entries, which wait for the last of their day.
const LATE_WARM_S: i64 = 26 * 3_600;

/// What a tier holds oldest, and how late that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lag {
    /// The tier.
    pub tier: StorageStatus,
    /// When its oldest entry was made.
    pub oldest: Option<Timestamp>,
    /// Seconds beyond the tier's end; 0 when nothing is late, and for what is kept.
    pub seconds: i64,
}

impl Lag {
    /// Whether the hourly runs did not keep up.
    pub fn is_behind(&self) -> bool {
        self.seconds
            > if self.tier == StorageStatus::Warm {
                LATE_WARM_S
            } else {
                LATE_S
            }
    }
}

/// The lag of each tier at `now`.
pub async fn lags(reader: &mut Reader, policy: Policy, now: Timestamp) -> Result<Vec<Lag>> {
    let mut lags = Vec::new();
    for tier in StorageStatus::ALL.iter().copied() {
        let oldest = due::oldest(reader, tier).await?;
        let ends = match tier {
            StorageStatus::Hot => Some(policy.hot_days),
            StorageStatus::Warm => Some(policy.warm_days),
            StorageStatus::Cold => Some(policy.cold_days),
            StorageStatus::Archived => None,
        };
        // what changed lately, such as an old entry that somebody keeps now, waits for a run since
        // then
        let waits = match tier {
            StorageStatus::Hot | StorageStatus::Warm => {
                due::oldest_unchanged(reader, tier, now.plus(-LATE_WARM_S * 1000)).await?
            }
            StorageStatus::Cold | StorageStatus::Archived => oldest,
        };
        let seconds = waits.zip(ends).map_or(0, |(oldest, days)| {
            now.since(oldest.plus(days * DAY_MS)) / 1000
        });
        lags.push(Lag {
            tier,
            oldest,
            seconds,
        });
    }
    Ok(lags)
}
