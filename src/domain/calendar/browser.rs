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

/// English in every browser, as on the server.
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
    /// The last formatted day and its date: consecutive rows usually share a day.
    static LAST_DATE: RefCell<Option<(i64, String)>> = const { RefCell::new(None) };
}

fn formatter(configure: impl FnOnce(&DateTimeFormatOptions)) -> DateTimeFormat {
    let options = DateTimeFormatOptions::new();
    options.set_time_zone("UTC");
    configure(&options);
    DateTimeFormat::new(&Array::of1(&JsValue::from_str(LOCALE)), &options)
}

fn js_date(ms: i64) -> Date {
    Date::new(&JsValue::from_f64(ms as f64))
}

/// `2026-11-24T09:30:00.000Z`
pub(super) fn rfc3339(ms: i64) -> String {
    js_date(ms).to_iso_string().into()
}

/// Parses RFC 3339 text to milliseconds.
pub(super) fn parse(text: &str) -> Option<i64> {
    let ms = Date::parse(text);
    ms.is_finite().then_some(ms as i64)
}

/// `24 Nov 2026`
pub(super) fn date(ms: i64) -> String {
    let day = ms.div_euclid(DAY_MS);
    LAST_DATE.with_borrow_mut(|last| match last {
        Some((last_day, date)) if *last_day == day => date.clone(),
        _ => last.insert((day, format_date(ms))).1.clone(),
    })
}

/// Built from parts, because the locale's own order has the month first.
fn format_date(ms: i64) -> String {
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
    let formatted = TIME.with(|format| format.format().call1(&JsValue::UNDEFINED, &js_date(ms)));
    formatted
        .ok()
        .and_then(|value| value.as_string())
        .unwrap_or_default()
}
