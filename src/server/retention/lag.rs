//! The lag of retention: how far the oldest entry of a tier is beyond the tier's end.

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

/// Maximum lag in seconds that is normal: runs are hourly and take time.
const MAX_LAG_S: i64 = 2 * 3_600;
/// The same for warm entries, which are archived when the last of their day is due.
const MAX_WARM_LAG_S: i64 = 26 * 3_600;

/// The oldest entry of a tier and its lag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lag {
    /// The tier.
    pub tier: StorageStatus,
    /// When the oldest entry was created.
    pub oldest: Option<Timestamp>,
    /// Seconds beyond the tier's end; 0 if there is no lag, and for archived entries.
    pub seconds: i64,
}

impl Lag {
    /// Whether the hourly runs do not keep up.
    pub fn is_behind(&self) -> bool {
        self.seconds
            > if self.tier == StorageStatus::Warm {
                MAX_WARM_LAG_S
            } else {
                MAX_LAG_S
            }
    }
}

/// The lag of each tier at `now`.
pub async fn lags(reader: &mut Reader, policy: Policy, now: Timestamp) -> Result<Vec<Lag>> {
    let mut lags = Vec::new();
    for tier in StorageStatus::ALL.iter().copied() {
        let oldest = due::oldest(reader, tier).await?;
        let end_days = match tier {
            StorageStatus::Hot => Some(policy.hot_days),
            StorageStatus::Warm => Some(policy.warm_days),
            StorageStatus::Cold => Some(policy.cold_days),
            StorageStatus::Archived => None,
        };
        // an old row that changed recently, such as one no longer kept, may wait for the next run
        let overdue = match tier {
            StorageStatus::Hot | StorageStatus::Warm => {
                due::oldest_unchanged(reader, tier, now.plus(-MAX_WARM_LAG_S * 1000)).await?
            }
            StorageStatus::Cold | StorageStatus::Archived => oldest,
        };
        let seconds = overdue.zip(end_days).map_or(0, |(oldest, days)| {
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
