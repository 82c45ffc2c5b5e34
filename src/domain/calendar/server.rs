//! Dates by chrono. Milliseconds are within the years 0 to 9999.

use crate::domain::time::Timestamp;
use chrono::{DateTime, SecondsFormat, Utc};

impl Timestamp {
    /// Converts to chrono's type.
    pub fn to_chrono(self) -> DateTime<Utc> {
        from_millis(self.writable_ms())
    }

    /// The time of day: `09:30 UTC`.
    pub fn time_of_day(self) -> String {
        self.to_chrono().format("%H:%M UTC").to_string()
    }
}

fn from_millis(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

/// `2026-11-24T09:30:00.000Z`
pub(super) fn rfc3339(ms: i64) -> String {
    from_millis(ms).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Parses RFC 3339 text to milliseconds.
pub(super) fn parse(text: &str) -> Option<i64> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    Some(time.timestamp_millis())
}

/// `24 Nov 2026`
pub(super) fn date(ms: i64) -> String {
    from_millis(ms).format("%-d %b %-Y").to_string()
}

/// `09:30:00`
pub(super) fn time(ms: i64) -> String {
    from_millis(ms).format("%H:%M:%S").to_string()
}
