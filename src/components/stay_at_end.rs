//! A list that stays at its end while the reader is there, and leaves them alone while they read
//! further up.

use super::browser;
use leptos::prelude::request_animation_frame;
use std::{cell::Cell, rc::Rc};
use web_sys::Element;

/// How near the end still counts as being there, in CSS pixels.
const NEAR_PX: i32 = 48;

/// Whether the reader of a scrolling list is away from its end.
#[derive(Clone)]
pub(super) struct StayAtEnd {
    away: Rc<Cell<bool>>,
    /// How far down the list was scrolled last.
    top: Rc<Cell<i32>>,
}

impl StayAtEnd {
    /// A reader who is `away` from the end, or at it.
    pub(super) fn new(away: bool) -> Self {
        Self {
            away: Rc::new(Cell::new(away)),
            top: Rc::default(),
        }
    }

    /// Call it when `list` was scrolled: shows the way to the end while the reader is away from it.
    /// Nobody goes away by a list that grows under them, which browsers scroll by themselves, but
    /// only by going up.
    pub(super) fn scrolled(&self, list: &Element) {
        let top = list.scroll_top();
        let up = top < self.top.replace(top);
        let away = list.scroll_height() - top - list.client_height() > NEAR_PX;
        if self.away.get() != away && (up || !away) {
            self.away.set(away);
            if let Some(jump) = browser::first::<Element>(list, ".jump") {
                browser::show(&jump, away);
            }
        }
    }

    /// Call it when `list` has grown.
    pub(super) fn grown(&self, list: &Element) {
        if !self.away.get() {
            self.go(list.clone());
        }
    }

    /// Keeps the reader of `list` at its end when a picture or a film in it gets its height later
    /// than the row around it.
    pub(super) fn keep_while_loading(&self, list: &Element) {
        for event in ["load", "loadedmetadata"] {
            let (end, growing) = (self.clone(), list.clone());
            browser::listen_within(list, event, move |_| end.grown(&growing));
        }
    }

    /// Goes to the end, and once more a frame later: rows that were never in sight get their height
    /// only then.
    pub(super) fn go(&self, list: Element) {
        self.away.set(false);
        list.set_scroll_top(list.scroll_height());
        self.top.set(list.scroll_top());
        let away = self.away.clone();
        request_animation_frame(move || {
            if !away.get() {
                list.set_scroll_top(list.scroll_height());
            }
        });
    }
}
