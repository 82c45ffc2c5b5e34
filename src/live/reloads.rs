//! How often this tab has loaded its page anew of late because its cursor could not be continued.
//! Kept in the tab's session storage, which outlives the page.

use leptos::prelude::window;
use web_sys::Storage;

const KEY: &str = "holly-reloads";
/// A reload longer ago than this has helped.
const LATELY_MS: i64 = 120_000;

/// Reloads in a row, the last of them lately; 0 where the browser keeps nothing.
pub(super) fn of_late(now_ms: i64) -> u32 {
    let noted = storage().and_then(|storage| storage.get_item(KEY).ok().flatten());
    noted.map_or(0, |noted| count(&noted, now_ms))
}

/// Takes note of one more.
pub(super) fn note(now_ms: i64) {
    let count = of_late(now_ms).saturating_add(1);
    if let Some(storage) = storage() {
        // What cannot be kept is not counted: the page is loaded anew at once, as before.
        let _ = storage.set_item(KEY, &format!("{count} {now_ms}"));
    }
}

/// What is noted: how many, and the moment of the last.
fn count(noted: &str, now_ms: i64) -> u32 {
    let parsed = noted
        .split_once(' ')
        .and_then(|(count, at_ms)| Some((count.parse().ok()?, at_ms.parse::<i64>().ok()?)));
    parsed
        .filter(|(_, at_ms)| (0..LATELY_MS).contains(&(now_ms - at_ms)))
        .map_or(0, |(count, _)| count)
}

fn storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn only_reloads_of_late_count() {
        for (noted, now_ms, counted) in [
            ("3 1000", 1_000, 3),
            ("3 1000", 120_999, 3),
            ("3 1000", 121_000, 0),
            ("3 1000", 999, 0),
            ("many", 5, 0),
            ("3", 5, 0),
            ("-1 1", 5, 0),
        ] {
            assert_eq!(count(noted, now_ms), counted, "{noted} at {now_ms}");
        }
    }
}
