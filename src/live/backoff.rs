//! How long to wait before the next try. Full jitter: a thousand pages that lost the same server
//! come back spread over the whole span, not together at its end.

/// The span before the first retry, in milliseconds.
pub const BASE_MS: i64 = 500;
/// The longest span, in milliseconds.
pub const LONGEST_MS: i64 = 30_000;

/// A delay in milliseconds after `failures` failed tries in a row (at least 1): anywhere in a span
/// that doubles from [`BASE_MS`] up to [`LONGEST_MS`]. `random` lies in `[0, 1)`.
pub fn full_jitter(failures: u32, random: f64) -> i64 {
    let doublings = failures.saturating_sub(1).min(6);
    let span = (BASE_MS << doublings).min(LONGEST_MS);
    scaled(span, random)
}

/// A delay near `delay_ms`: a quarter less to a quarter more. `random` lies in `[0, 1)`.
pub fn around(delay_ms: i64, random: f64) -> i64 {
    delay_ms - delay_ms / 4 + scaled(delay_ms / 2, random)
}

fn scaled(span_ms: i64, random: f64) -> i64 {
    (span_ms as f64 * random.clamp(0.0, 1.0)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_delay_is_never_negative_nor_longer_than_its_span(failures in 0u32.., random in 0.0f64..1.0) {
            let delay = full_jitter(failures, random);
            prop_assert!((0..=LONGEST_MS).contains(&delay));
            prop_assert!(failures > 1 || delay <= BASE_MS);
        }

        #[test]
        fn a_delay_around_another_stays_within_a_quarter(random in 0.0f64..1.0) {
            prop_assert!((22_500..=37_500).contains(&around(30_000, random)));
        }
    }

    #[test]
    fn the_span_doubles_up_to_thirty_seconds() {
        let spans: Vec<i64> = (1..=9).map(|failures| full_jitter(failures, 1.0)).collect();
        assert_eq!(
            spans,
            [
                500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000
            ]
        );
    }
}
