//! The browser's clock, set by the server's: one interval for the whole page, started by the first
//! who asks. Only effects ask, so a view that is rendered on the server and taken over in the
//! browser is the same on both.

use crate::domain::time::Timestamp;
use leptos::prelude::*;
use std::{cell::Cell, time::Duration};

const SECOND: Duration = Duration::from_secs(1);

thread_local! {
    static SERVER_AHEAD_MS: Cell<i64> = const { Cell::new(0) };
    static TICKING: Cell<bool> = const { Cell::new(false) };
    static SECONDS: ArcRwSignal<Timestamp> = ArcRwSignal::new(Timestamp::default());
    static MINUTES: ArcRwSignal<Timestamp> = ArcRwSignal::new(Timestamp::default());
}

/// Sets the clock by the time of the page's snapshot.
pub(super) fn set_by_server(now: Timestamp) {
    SERVER_AHEAD_MS.set(now.millis() - browser_ms());
    tick();
}

/// Server time at this moment.
pub fn now() -> Timestamp {
    Timestamp::from_millis(browser_ms() + SERVER_AHEAD_MS.get())
}

/// Server time, anew each second. For effects only.
pub fn each_second() -> Timestamp {
    start();
    SECONDS.with(ArcRwSignal::get)
}

/// Server time, anew each minute. For effects only.
pub fn each_minute() -> Timestamp {
    start();
    MINUTES.with(ArcRwSignal::get)
}

/// Whole seconds until a moment of the browser's own clock, in milliseconds; anew each second. For
/// effects only.
pub fn seconds_until(browser_at_ms: i64) -> i64 {
    _ = each_second();
    (browser_at_ms - browser_ms())
        .max(0)
        .unsigned_abs()
        .div_ceil(1000)
        .cast_signed()
}

fn browser_ms() -> i64 {
    js_sys::Date::now() as i64
}

fn start() {
    if !TICKING.replace(true) {
        tick();
        set_interval(tick, SECOND);
    }
}

fn tick() {
    let now = now();
    SECONDS.with(|seconds| seconds.set(now));
    MINUTES.with(|minutes| {
        if now.millis() / 60_000 != minutes.get_untracked().millis() / 60_000 {
            minutes.set(now);
        }
    });
}
