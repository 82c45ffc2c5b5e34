//! The server's time, told by the browser's clock.

use crate::timestamp::Timestamp;
use leptos::prelude::*;

/// Turns the browser's clock into server time. Until the page is hydrated, and on the server, time stands still at
/// the page's snapshot, so that both render the same.
#[derive(Debug, Clone, Copy)]
pub struct ServerClock {
    start: Timestamp,
    /// Milliseconds by which the server is ahead of the browser, once measured.
    ahead_ms: StoredValue<Option<i64>>,
}

impl ServerClock {
    /// A clock that is set by `now`, the server's time in the page, as soon as the page is hydrated.
    pub(super) fn set_by(now: Timestamp) -> Self {
        let ahead_ms = StoredValue::new(None);
        Effect::new(move || ahead_ms.set_value(Some(now.millis() - browser_ms())));
        Self { start: now, ahead_ms }
    }

    /// The server's time now. Not tracked: ask again on every tick of whatever shows it.
    pub fn now(&self) -> Timestamp {
        self.ahead_ms.get_value().map_or(self.start, |ahead_ms| Timestamp::from_millis(browser_ms() + ahead_ms))
    }
}

fn browser_ms() -> i64 {
    js_sys::Date::now() as i64
}
