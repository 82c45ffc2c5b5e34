//! Dates by the browser's `Date` and `Intl`. Milliseconds are within the years 0 to 9999.

use crate::domain::time::DAY_MS;
use js_sys::{
    Array, Date,
    Intl::{
        DateTimeFormat, DateTimeFormatOptions, DateTimeFormatPart, DateTimeFormatPartType,
        DayFormat, HourCycle, MonthFormat, NumericFormat, YearFormat,
    },
};
use std::cell::RefCell;
use wasm_bindgen::{JsCast, JsValue};

/// English whatever the browser's language, as on the server.
const LOCALE: &str = "en-US";

thread_local! {
    static DATE: DateTimeFormat = formatter(|options| {
        options.set_day(DayFormat::Numeric);
        options.set_month(MonthFormat::Short);
        options.set_year(YearFormat::Numeric);
    });
    static TIME: DateTimeFormat = formatter(|options| {
        options.set_hour_cycle(HourCycle::H23);
        options.set_hour(NumericFormat::TwoDigit);
        options.set_minute(NumericFormat::TwoDigit);
        options.set_second(NumericFormat::TwoDigit);
    });
    /// The day that was written last, and its date: rows of one day are drawn together, and often.
    static LAST: RefCell<Option<(i64, String)>> = const { RefCell::new(None) };
}

fn formatter(choose: impl FnOnce(&DateTimeFormatOptions)) -> DateTimeFormat {
    let options = DateTimeFormatOptions::new();
    options.set_time_zone("UTC");
    choose(&options);
    DateTimeFormat::new(&Array::of1(&JsValue::from_str(LOCALE)), &options)
}

fn js_date(ms: i64) -> Date {
    Date::new(&JsValue::from_f64(ms as f64))
}

/// `2026-11-24T09:30:00.000Z`
pub(super) fn rfc3339(ms: i64) -> String {
    js_date(ms).to_iso_string().into()
}

/// The milliseconds of an RFC 3339 text.
pub(super) fn parse(text: &str) -> Option<i64> {
    let ms = Date::parse(text);
    ms.is_finite().then_some(ms as i64)
}

/// `24 Nov 2026`
pub(super) fn date(ms: i64) -> String {
    let day = ms.div_euclid(DAY_MS);
    LAST.with_borrow_mut(|last| match last {
        Some((of, date)) if *of == day => date.clone(),
        _ => last.insert((day, written_date(ms))).1.clone(),
    })
}

/// The locale's own order has the month first.
fn written_date(ms: i64) -> String {
    let parts = DATE.with(|format| format.format_to_parts(&js_date(ms)));
    let part = |kind: DateTimeFormatPartType| {
        parts
            .iter()
            .map(JsCast::unchecked_into::<DateTimeFormatPart>)
            .find(|part| part.type_() == kind)
            .map(|part| String::from(part.value()))
            .unwrap_or_default()
    };
    let (day, month, year) = (
        part(DateTimeFormatPartType::Day),
        part(DateTimeFormatPartType::Month),
        part(DateTimeFormatPartType::Year),
    );
    format!("{day} {month} {year}")
}

/// `09:30:00`
pub(super) fn time(ms: i64) -> String {
    let written = TIME.with(|format| format.format().call1(&JsValue::UNDEFINED, &js_date(ms)));
    written
        .ok()
        .and_then(|written| written.as_string())
        .unwrap_or_default()
}
