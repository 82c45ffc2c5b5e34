//! A moment in time with the resolution that Holly stores and shows: milliseconds, UTC.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z. In JSON it is RFC 3339 with milliseconds: `2026-11-24T09:30:00.000Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// Milliseconds in one UTC day.
pub const DAY_MS: i64 = 86_400_000;
/// An hour, in milliseconds.
pub const HOUR_MS: i64 = 3_600_000;

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

    /// The hour, counted from the epoch.
    pub const fn hour(self) -> i64 {
        self.0.div_euclid(HOUR_MS)
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
        const MONTHS: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        let (year, month, day) = civil(self.day());
        format!("{day} {} {year}", MONTHS[month as usize - 1])
    }

    /// Date and time a person reads: `24 Nov 2026, 09:30:00 UTC`.
    pub fn date_time(self) -> String {
        let (hour, minute, second, _) = self.clock();
        format!("{}, {hour:02}:{minute:02}:{second:02} UTC", self.date())
    }

    /// The time of day a person reads: `09:30 UTC`.
    pub fn time_of_day(self) -> String {
        let (hour, minute, ..) = self.clock();
        format!("{hour:02}:{minute:02} UTC")
    }

    /// The moment in an RFC 3339 text.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let named = (
            number(date, 0..4)?,
            number(date, 5..7)?,
            number(date, 8..10)?,
        );
        let day = days(named.0, named.1, named.2);
        let (time, zone) = rest.split_at(rest.rfind(['Z', 'z', '+', '-'])?);
        let marks = [
            (date, 4, b'-'),
            (date, 7, b'-'),
            (time, 3, b':'),
            (time, 6, b':'),
        ];
        let in_clock =
            number(time, 1..3)? < 24 && number(time, 4..6)? < 60 && number(time, 7..9)? < 61;
        if civil(day) != named
            || !in_clock
            || !marks
                .iter()
                .all(|(text, at, mark)| text.as_bytes().get(*at) == Some(mark))
            || !time.starts_with(['T', 't', ' '])
        {
            return None;
        }
        let seconds = number(time, 1..3)? * 3_600 + number(time, 4..6)? * 60 + number(time, 7..9)?;
        let fraction: String = time
            .get(10..)
            .unwrap_or_default()
            .chars()
            .chain("000".chars())
            .take(3)
            .collect();
        let offset_minutes = match zone {
            "Z" | "z" => 0,
            _ => {
                (number(zone, 1..3)? * 60 + number(zone, 4..6)?)
                    * if zone.starts_with('-') { -1 } else { 1 }
            }
        };
        Some(Self(
            day * DAY_MS + (seconds - offset_minutes * 60) * 1_000 + number(&fraction, 0..3)?,
        ))
    }

    /// Hour, minute, second and millisecond of the day.
    const fn clock(self) -> (i64, i64, i64, i64) {
        let ms = self.0.rem_euclid(DAY_MS);
        (
            ms / 3_600_000,
            ms / 60_000 % 60,
            ms / 1_000 % 60,
            ms % 1_000,
        )
    }
}

fn number(text: &str, digits: std::ops::Range<usize>) -> Option<i64> {
    let digits = text.get(digits)?;
    digits
        .bytes()
        .all(|digit| digit.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

/// Year, month and day of the month of a day counted from the epoch (Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `civil_from_days`).
const fn civil(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (
        year + era * 400 + (month <= 2) as i64,
        month,
        of_year - (153 * from_march + 2) / 5 + 1,
    )
}

/// The day counted from the epoch (`days_from_civil` of the same paper).
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - (month <= 2) as i64;
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((year, month, day), (hour, minute, second, ms)) = (civil(self.day()), self.clock());
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z"
        )
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

    proptest::proptest! {
        #[test]
        fn dates_are_those_of_chrono(millis in -30_000_000_000_000i64..250_000_000_000_000) {
            let (time, known) = (Timestamp::from_millis(millis), Timestamp::from_millis(millis).to_chrono());
            proptest::prop_assert_eq!(time.to_string(), known.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
            proptest::prop_assert_eq!(Timestamp::parse(&time.to_string()), Some(time));
            proptest::prop_assert_eq!(time.date_time(), known.format("%-d %b %Y, %H:%M:%S UTC").to_string());
        }
    }

    #[test]
    fn other_spellings_of_a_moment_are_read_too_and_the_rest_is_refused() {
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
    fn days_begin_at_midnight_utc_and_hours_at_the_full_one_also_before_the_epoch() {
        assert_eq!(Timestamp::from_millis(DAY_MS - 1).day(), 0);
        assert_eq!(Timestamp::from_millis(DAY_MS).day(), 1);
        assert_eq!(Timestamp::from_millis(-1).day(), -1);
        assert_eq!(
            [-1, HOUR_MS - 1, HOUR_MS].map(|at| Timestamp::from_millis(at).hour()),
            [-1, 0, 1]
        );
    }
}
