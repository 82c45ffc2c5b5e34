//! How long the long walks are: short in `make test`, long in `make hunt`, which sets `HOLLY_HUNT`.

/// What `HOLLY_HUNT` says; `None` in an ordinary run.
fn hunt() -> Option<u32> {
    std::env::var("HOLLY_HUNT").ok()?.parse().ok()
}

/// So many seeds, kills or cases: `short` as a rule, `long` when `HOLLY_HUNT` is 1000, and in
/// proportion for other numbers.
pub fn cases(short: u32, long: u32) -> u32 {
    hunt().map_or(short, |per_thousand| {
        (u64::from(long) * u64::from(per_thousand) / 1_000).max(1) as u32
    })
}

/// Whether a walk also takes what only a hunt has time for.
pub fn is_long() -> bool {
    hunt().is_some()
}
