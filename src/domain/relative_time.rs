//! Times and durations in words.

use crate::domain::time::{DAY_MS, Timestamp};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

/// The time from `then` to `now`: `just now`, `5 min ago`, `3 h ago`, `yesterday`, `4 days ago`,
/// else the date.
pub fn relative_words(then: Timestamp, now: Timestamp) -> String {
    let days = now.day() - then.day();
    match now.since(then) {
        ..45_000 => "just now".to_owned(),
        ms @ ..HOUR_MS => format!(
            "{} min ago",
            ((ms + MINUTE_MS / 2) / MINUTE_MS).clamp(1, 59)
        ),
        ms @ ..DAY_MS => format!("{} h ago", ms / HOUR_MS),
        _ if days == 1 => "yesterday".to_owned(),
        _ if days < 7 => format!("{days} days ago"),
        _ => then.date(),
    }
}

/// A finished duration: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 4 min`.
pub fn duration_words(ms: i64) -> String {
    match ms.max(0) {
        ms @ ..9_950 => format!("{}.{} s", (ms + 50) / 1000, ((ms + 50) % 1000) / 100),
        ms => elapsed_words(ms),
    }
}

/// A running duration in whole seconds: `7 s`, `3 min 5 s`, `2 h 4 min`.
pub fn elapsed_words(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    match (seconds / 3600, seconds / 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (hours, minutes) => format!("{hours} h {} min", minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_times_are_worded_by_age() {
        let now = Timestamp::from_millis(1_795_512_600_000);
        for (ago, words) in [
            (-5_000, "just now"),
            (0, "just now"),
            (44_999, "just now"),
            (45_000, "1 min ago"),
            (5 * MINUTE_MS, "5 min ago"),
            (HOUR_MS - 1, "59 min ago"),
            (HOUR_MS, "1 h ago"),
            (DAY_MS - 1, "23 h ago"),
            (DAY_MS, "yesterday"),
            (3 * DAY_MS, "3 days ago"),
            (30 * DAY_MS, "25 Oct 2026"),
        ] {
            assert_eq!(relative_words(now.plus(-ago), now), words, "{ago}");
        }
    }

    #[test]
    fn durations_are_worded_by_length() {
        for (ms, words) in [
            (0, "0.0 s"),
            (-3, "0.0 s"),
            (400, "0.4 s"),
            (949, "0.9 s"),
            (950, "1.0 s"),
            (9_949, "9.9 s"),
            (9_950, "9 s"),
            (12_400, "12 s"),
            (185_000, "3 min 5 s"),
            (7_440_000, "2 h 4 min"),
        ] {
            assert_eq!(duration_words(ms), words, "{ms}");
        }
        assert_eq!(elapsed_words(7_900), "7 s");
    }
}
