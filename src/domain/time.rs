//! Timestamps in milliseconds UTC. Dates are computed by chrono on the server and by `Date` and
//! `Intl` in the browser, with the same text.

use super::calendar;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z. In JSON it is RFC 3339 with milliseconds:
/// `2026-11-24T09:30:00.000Z`. RFC 3339 covers the years 0 to 9999; times outside are formatted as
/// the nearest one inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// Milliseconds in one UTC day.
pub const DAY_MS: i64 = 86_400_000;
/// Milliseconds in one hour.
pub const HOUR_MS: i64 = 3_600_000;

/// 0000-01-01T00:00:00.000Z
const FIRST_MS: i64 = -62_167_219_200_000;
/// 9999-12-31T23:59:59.999Z
const LAST_MS: i64 = 253_402_300_799_999;

impl Timestamp {
    /// The time `millis` milliseconds after the epoch.
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

    /// The hour, counted from the epoch.
    pub const fn hour(self) -> i64 {
        self.0.div_euclid(HOUR_MS)
    }

    /// Milliseconds since `earlier`; never negative.
    pub fn since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).max(0)
    }

    /// Adds milliseconds; they may be negative.
    pub const fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// The date: `24 Nov 2026`.
    pub fn date(self) -> String {
        calendar::date(self.writable_ms())
    }

    /// Date and time: `24 Nov 2026, 09:30:00 UTC`.
    pub fn date_time(self) -> String {
        let ms = self.writable_ms();
        format!("{}, {} UTC", calendar::date(ms), calendar::time(ms))
    }

    /// Parses RFC 3339 text.
    pub fn parse(text: &str) -> Option<Self> {
        calendar::parse(text).map(Self)
    }

    pub(crate) fn writable_ms(self) -> i64 {
        self.0.clamp(FIRST_MS, LAST_MS)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&calendar::rfc3339(self.writable_ms()))
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
        Self::parse(&text)
            .ok_or_else(|| D::Error::custom("must be a time such as 2026-11-24T09:30:00.000Z"))
    }
}

/// Timestamps and their formatted texts (RFC 3339, and date and time), which the server's and the
/// browser's calendar must both produce.
#[cfg(test)]
pub(crate) const FORMATTED: [(i64, &str, &str); 18] = [
    (0, "1970-01-01T00:00:00.000Z", "1 Jan 1970, 00:00:00 UTC"),
    (-1, "1969-12-31T23:59:59.999Z", "31 Dec 1969, 23:59:59 UTC"),
    (
        1_795_512_600_007,
        "2026-11-24T09:30:00.007Z",
        "24 Nov 2026, 09:30:00 UTC",
    ),
    (
        1_767_225_600_000,
        "2026-01-01T00:00:00.000Z",
        "1 Jan 2026, 00:00:00 UTC",
    ),
    (
        1_772_323_199_999,
        "2026-02-28T23:59:59.999Z",
        "28 Feb 2026, 23:59:59 UTC",
    ),
    (
        1_835_395_200_000,
        "2028-02-29T00:00:00.000Z",
        "29 Feb 2028, 00:00:00 UTC",
    ),
    (
        1_772_323_200_000,
        "2026-03-01T00:00:00.000Z",
        "1 Mar 2026, 00:00:00 UTC",
    ),
    (
        1_776_254_400_000,
        "2026-04-15T12:00:00.000Z",
        "15 Apr 2026, 12:00:00 UTC",
    ),
    (
        1_778_846_400_000,
        "2026-05-15T12:00:00.000Z",
        "15 May 2026, 12:00:00 UTC",
    ),
    (
        1_781_524_800_000,
        "2026-06-15T12:00:00.000Z",
        "15 Jun 2026, 12:00:00 UTC",
    ),
    (
        1_784_116_800_000,
        "2026-07-15T12:00:00.000Z",
        "15 Jul 2026, 12:00:00 UTC",
    ),
    (
        1_786_795_200_000,
        "2026-08-15T12:00:00.000Z",
        "15 Aug 2026, 12:00:00 UTC",
    ),
    (
        1_789_473_600_000,
        "2026-09-15T12:00:00.000Z",
        "15 Sep 2026, 12:00:00 UTC",
    ),
    (
        1_792_065_600_000,
        "2026-10-15T12:00:00.000Z",
        "15 Oct 2026, 12:00:00 UTC",
    ),
    (
        LAST_MS,
        "9999-12-31T23:59:59.999Z",
        "31 Dec 9999, 23:59:59 UTC",
    ),
    (
        LAST_MS + 1,
        "9999-12-31T23:59:59.999Z",
        "31 Dec 9999, 23:59:59 UTC",
    ),
    (
        i64::MAX,
        "9999-12-31T23:59:59.999Z",
        "31 Dec 9999, 23:59:59 UTC",
    ),
    (
        -30_610_224_000_000,
        "1000-01-01T00:00:00.000Z",
        "1 Jan 1000, 00:00:00 UTC",
    ),
];

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_formatted_as_expected() {
        for (ms, rfc3339, date_time) in FORMATTED {
            let time = Timestamp::from_millis(ms);
            assert_eq!(time.to_string(), rfc3339);
            assert_eq!(time.date_time(), date_time);
            assert_eq!(time.date(), date_time.split(',').next().unwrap_or_default());
        }
        let last_year_zero = Timestamp::from_millis(i64::MIN);
        assert_eq!(last_year_zero.to_string(), "0000-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_timestamp_is_rfc_3339_with_milliseconds() {
        let time = Timestamp::from_millis(1_795_512_600_007);
        let json = serde_json::to_string(&time).unwrap();
        assert_eq!(json, "\"2026-11-24T09:30:00.007Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), time);
    }

    proptest::proptest! {
        #[test]
        fn rfc_3339_text_round_trips_and_sorts_by_time(
            a in FIRST_MS..=LAST_MS, b in FIRST_MS..=LAST_MS, any in proptest::num::i64::ANY
        ) {
            let [a, b, any] = [a, b, any].map(Timestamp::from_millis);
            proptest::prop_assert_eq!(Timestamp::parse(&a.to_string()), Some(a));
            proptest::prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
            let nearest = Timestamp::from_millis(any.writable_ms());
            proptest::prop_assert_eq!(Timestamp::parse(&any.to_string()), Some(nearest));
        }
    }

    #[test]
    fn other_rfc_3339_forms_are_parsed_and_invalid_text_is_rejected() {
        let time = Some(Timestamp::from_millis(1_795_512_600_000));
        for text in [
            "2026-11-24T09:30:00Z",
            "2026-11-24T10:30:00+01:00",
            "2026-11-24t04:00:00.0000-05:30",
        ] {
            assert_eq!(Timestamp::parse(text), time, "{text}");
        }
        for text in [
            "",
            "2026-11-24",
            "2026-11-24T09:30:00",
            "2026-11-24T09:30Z",
            "2026-11-2éT09:30:00Z",
            "2026-x1-24T09:30:00Z",
            "2026-02-30T09:30:00Z",
            "2026-11-24T25:30:00Z",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_begin_at_midnight_utc_and_hours_at_minute_zero_also_before_the_epoch() {
        assert_eq!(Timestamp::from_millis(DAY_MS - 1).day(), 0);
        assert_eq!(Timestamp::from_millis(DAY_MS).day(), 1);
        assert_eq!(Timestamp::from_millis(-1).day(), -1);
        assert_eq!(
            [-1, HOUR_MS - 1, HOUR_MS].map(|at| Timestamp::from_millis(at).hour()),
            [-1, 0, 1]
        );
    }
}
