//! Times that go on by themselves: seconds of running work, and how long ago something was said.
//! The markup has them as of the page's snapshot; they are brought up to date from there.

use super::{alive::whenever, browser};
use crate::{
    domain::{elapsed_words, relative_words, time::Timestamp},
    live::clock,
};
use web_sys::Element;

/// Keeps the times below an island's root right.
pub(super) fn keep_time(root: &Element) {
    let (seconds, minutes) = (root.clone(), root.clone());
    whenever(move || elapsed(&seconds, clock::each_second()));
    whenever(move || relative(&minutes, clock::each_minute()));
}

/// Brings the times below an element up to date at once.
pub(super) fn tick(root: &Element) {
    let now = clock::now();
    elapsed(root, now);
    relative(root, now);
}

fn elapsed(root: &Element, now: Timestamp) {
    for shown in browser::all(root, "[data-since]") {
        let since = shown
            .get_attribute("data-since")
            .and_then(|since| since.parse().ok())
            .map(Timestamp::from_millis);
        if let Some(since) = since {
            say(&shown, &elapsed_words(now.since(since)));
        }
    }
}

fn relative(root: &Element, now: Timestamp) {
    for shown in browser::all(root, "time.relative") {
        if let Some(then) = shown
            .get_attribute("datetime")
            .as_deref()
            .and_then(Timestamp::parse)
        {
            say(&shown, &relative_words(then, now));
        }
    }
}

fn say(shown: &Element, words: &str) {
    if shown.text_content().as_deref() != Some(words) {
        shown.set_text_content(Some(words));
    }
}
