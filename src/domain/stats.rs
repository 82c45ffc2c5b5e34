//! The stats page. All numbers are formatted already, so the page makes no decisions.

use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A number at the top of the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatCard {
    /// What it counts.
    pub name: String,
    /// The number.
    pub value: String,
    /// What it is compared with.
    pub note: String,
}

/// Something that needs attention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatsAlert {
    /// The problem, in a sentence.
    pub text: String,
    /// The command that helps, if there is one.
    pub command: Option<String>,
}

/// A table, also available as a CSV file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatsTable {
    /// Its name in the URL of the CSV file.
    pub name: String,
    /// The columns' names.
    pub head: Vec<String>,
    /// The rows, as many cells as columns.
    pub rows: Vec<Vec<String>>,
}

/// A bar of a chart: a day or an hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChartBar {
    /// The day or hour.
    pub label: String,
    /// Series and height, from the bottom up.
    pub parts: Vec<(String, i64)>,
}

/// The stats page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatsPageData {
    /// The number of UTC days, today included; 1 is the last 24 hours.
    pub days: i64,
    /// What needs attention.
    pub needs: Vec<StatsAlert>,
    /// Whether deletions wait for an admin's confirmation.
    pub waiting: bool,
    /// The numbers at the top.
    pub figures: Vec<StatCard>,
    /// Entries by day or hour and log type.
    pub by_day: (Vec<ChartBar>, StatsTable),
    /// Tokens by day or hour.
    pub tokens: (Vec<ChartBar>, StatsTable),
    /// Size of each tier.
    pub storage: (Vec<(String, i64)>, StatsTable),
    /// By status.
    pub statuses: StatsTable,
    /// By model.
    pub models: StatsTable,
    /// By tool.
    pub tools: StatsTable,
    /// The last runs.
    pub runs: StatsTable,
    /// The number of active holds.
    pub holds: i64,
    /// When the numbers were read.
    pub now: Timestamp,
    /// What a retention run would do, if requested.
    pub plan: Option<Vec<String>>,
}
