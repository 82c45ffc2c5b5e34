//! The length of random tests: short in `make test`, long in `make hunt`, which sets `HOLLY_HUNT`.

/// The value of `HOLLY_HUNT`; `None` in an ordinary run.
fn hunt() -> Option<u32> {
    std::env::var("HOLLY_HUNT").ok()?.parse().ok()
}

/// The number of seeds, kills or cases: `short` in an ordinary run, `long` when `HOLLY_HUNT` is
/// 1000, and in proportion for other values.
pub fn cases(short: u32, long: u32) -> u32 {
    hunt().map_or(short, |per_thousand| {
        (u64::from(long) * u64::from(per_thousand) / 1_000).max(1) as u32
    })
}

/// Whether `HOLLY_HUNT` is set, so that slow cases run too.
pub fn is_long() -> bool {
    hunt().is_some()
}
