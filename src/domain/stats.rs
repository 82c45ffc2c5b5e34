//! The stats page, ready to be drawn: every number is text already, so the page decides nothing.

use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One figure of the line on top.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatCard {
    /// What it counts.
    pub name: String,
    /// The figure.
    pub value: String,
    /// What it is compared with.
    pub note: String,
}

/// Something that needs a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatsAlert {
    /// What, in a sentence.
    pub text: String,
    /// The command that helps, if there is one.
    pub command: Option<String>,
}

/// A table, which is also a CSV file of that name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatsTable {
    /// Its name in the address of the CSV file.
    pub name: String,
    /// The columns' names.
    pub head: Vec<String>,
    /// The rows, as many cells as columns.
    pub rows: Vec<Vec<String>>,
}

/// A bar of a chart: a day or an hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChartBar {
    /// What it stands for.
    pub label: String,
    /// Series and height, from the bottom up.
    pub parts: Vec<(String, i64)>,
}

/// The stats page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatsPageData {
    /// How many UTC days, today included; 1 is the last 24 hours.
    pub days: i64,
    /// What needs a person.
    pub needs: Vec<StatsAlert>,
    /// Whether deletions wait for an admin's word.
    pub waiting: bool,
    /// The line of figures.
    pub figures: Vec<StatCard>,
    /// Entries by day or hour and kind.
    pub by_day: (Vec<ChartBar>, StatsTable),
    /// Tokens by day or hour.
    pub tokens: (Vec<ChartBar>, StatsTable),
    /// What each tier takes.
    pub storage: (Vec<(String, i64)>, StatsTable),
    /// By status.
    pub statuses: StatsTable,
    /// By model.
    pub models: StatsTable,
    /// By tool.
    pub tools: StatsTable,
    /// The last runs.
    pub runs: StatsTable,
    /// How many holds are in force.
    pub holds: i64,
    /// When the figures were read.
    pub now: Timestamp,
    /// What a run would do, when that was asked.
    pub plan: Option<Vec<String>>,
}
