//! A moment in time with the resolution that Holly stores and shows: milliseconds, UTC.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z. In JSON it is RFC 3339 with milliseconds: `2026-11-24T09:30:00.000Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// Milliseconds in one UTC day.
pub const DAY_MS: i64 = 86_400_000;

impl Timestamp {
    /// The moment `millis` milliseconds after the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The UTC day, counted from the epoch.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(DAY_MS)
    }

    /// Milliseconds from `earlier` to here; never negative.
    pub fn since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).max(0)
    }

    /// This moment `millis` later (earlier when negative).
    pub const fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// As chrono's type; a moment outside chrono's range becomes the epoch.
    pub fn to_chrono(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }

    /// A date a person reads: `24 Nov 2026`.
    pub fn date(self) -> String {
        self.to_chrono().format("%-d %b %Y").to_string()
    }

    /// Date and time a person reads: `24 Nov 2026, 09:30:00 UTC`.
    pub fn date_time(self) -> String {
        self.to_chrono().format("%-d %b %Y, %H:%M:%S UTC").to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_chrono().to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(&text)
            .map(|time| Self(time.timestamp_millis()))
            .map_err(|_| D::Error::custom("must be a time such as 2026-11-24T09:30:00.000Z"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_rfc_3339_with_milliseconds() {
        let time = Timestamp::from_millis(1_795_512_600_007);
        let json = serde_json::to_string(&time).unwrap();
        assert_eq!(json, "\"2026-11-24T09:30:00.007Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), time);
    }

    #[test]
    fn days_begin_at_midnight_utc_also_before_the_epoch() {
        assert_eq!(Timestamp::from_millis(DAY_MS - 1).day(), 0);
        assert_eq!(Timestamp::from_millis(DAY_MS).day(), 1);
        assert_eq!(Timestamp::from_millis(-1).day(), -1);
    }
}
