//! Timestamps in the browser have the same text as on the server.

use crate::domain::time::{FORMATTED, Timestamp};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn timestamps_are_formatted_as_on_the_server() {
    // twice, because dates are cached between calls
    for (ms, wire, shown) in FORMATTED.into_iter().chain(FORMATTED) {
        let time = Timestamp::from_millis(ms);
        assert_eq!(time.to_string(), wire);
        assert_eq!(time.date_time(), shown);
        assert_eq!(time.date(), shown.split(',').next().unwrap_or_default());
    }
}

#[wasm_bindgen_test]
fn the_wire_format_round_trips() {
    // every 37th day of the years 0 to 9999, at varying milliseconds
    for ms in (-62_167_219_200_000..=253_402_300_799_999).step_by(37 * 86_400_000 + 12_345_678) {
        let time = Timestamp::from_millis(ms);
        assert_eq!(Timestamp::parse(&time.to_string()), Some(time), "{time}");
    }
}

#[wasm_bindgen_test]
fn other_rfc_3339_forms_are_parsed_and_the_rest_is_refused() {
    let time = Some(Timestamp::from_millis(1_795_512_600_000));
    for text in ["2026-11-24T09:30:00Z", "2026-11-24T10:30:00+01:00"] {
        assert_eq!(Timestamp::parse(text), time, "{text}");
    }
    for text in [
        "",
        "yesterday",
        "2026-x1-24T09:30:00Z",
        "2026-11-24T25:30:00Z",
    ] {
        assert_eq!(Timestamp::parse(text), None, "{text}");
    }
}
