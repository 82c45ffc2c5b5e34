//! Number formats of the stats page.

/// With thousands separators: `18204` is `18,204`.
pub(super) fn number(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0 { format!("-{text}") } else { text }
}

/// A share: `1.3 %`, or a dash if `whole` is 0.
pub(super) fn percent(part: i64, whole: i64) -> String {
    if whole == 0 {
        "–".to_owned()
    } else {
        format!("{:.1} %", part as f64 * 100.0 / whole as f64)
    }
}

/// Milliseconds: `840 ms`, `2.4 s`, `3 min`.
pub(super) fn millis(value: i64) -> String {
    match value {
        ..1_000 => format!("{value} ms"),
        1_000..120_000 => format!("{:.1} s", value as f64 / 1_000.0),
        _ => seconds(value / 1_000),
    }
}

/// Seconds: `40 s`, `12 min`, `5 h`, `3 d`.
pub(super) fn seconds(value: i64) -> String {
    match value {
        ..120 => format!("{value} s"),
        120..7_200 => format!("{} min", value / 60),
        7_200..172_800 => format!("{} h", value / 3_600),
        _ => format!("{} d", value / 86_400),
    }
}

/// Bytes: `22 kB`, `6.1 MB`.
pub(super) fn bytes(value: i64) -> String {
    match value {
        ..1_000 => format!("{value} B"),
        1_000..1_000_000 => format!("{} kB", value / 1_000),
        1_000_000..1_000_000_000 => format!("{:.1} MB", value as f64 / 1e6),
        _ => format!("{:.1} GB", value as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_formatted_for_readers() {
        assert_eq!(
            [number(7), number(18_204), number(-1_000_000)],
            ["7", "18,204", "-1,000,000"]
        );
        assert_eq!([percent(13, 1_000), percent(0, 0)], ["1.3 %", "–"]);
        assert_eq!(
            [millis(840), millis(2_400), millis(200_000)],
            ["840 ms", "2.4 s", "3 min"]
        );
        assert_eq!(
            [seconds(40), seconds(800), seconds(20_000), seconds(300_000)],
            ["40 s", "13 min", "5 h", "3 d"]
        );
        assert_eq!([bytes(22_000), bytes(6_100_000)], ["22 kB", "6.1 MB"]);
    }
}
