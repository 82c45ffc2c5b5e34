//! A list that stays at its end while the reader is there, and leaves them alone while they read further up.

use leptos::{html::Div, prelude::*};

/// How near the end still counts as being there, in CSS pixels.
const NEAR_PX: i32 = 48;

/// A scrolling list and whether its reader is away from its end.
#[derive(Clone, Copy)]
pub(super) struct StayAtEnd {
    /// The element that scrolls.
    pub(super) list: NodeRef<Div>,
    /// Whether the reader is further up.
    pub(super) away: Signal<bool>,
    set_away: WriteSignal<bool>,
}

impl StayAtEnd {
    /// Call it when the list was scrolled.
    pub(super) fn scrolled(self) {
        if let Some(list) = self.list.get_untracked() {
            let away = list.scroll_height() - list.scroll_top() - list.client_height() > NEAR_PX;
            if self.away.get_untracked() != away {
                self.set_away.set(away);
            }
        }
    }

    /// Goes to the end, and once more a frame later: rows that were never in sight get their height only then.
    pub(super) fn go(self) {
        self.set_away.try_set(false);
        self.jump();
        request_animation_frame(move || self.jump());
    }

    fn jump(self) {
        if let Some(list) = self.list.try_get_untracked().flatten() {
            list.set_scroll_top(list.scroll_height());
        }
    }
}

/// Follows the end of a list whenever what `grows` tracks has changed.
pub(super) fn use_stay_at_end<T: 'static>(grows: impl Fn() -> T + 'static) -> StayAtEnd {
    let (away, set_away) = signal(false);
    let end = StayAtEnd { list: NodeRef::new(), away: away.into(), set_away };
    Effect::new(move |_| {
        grows();
        if !away.get_untracked() {
            request_animation_frame(move || {
                if !away.try_get_untracked().unwrap_or(true) {
                    end.go();
                }
            });
        }
    });
    end
}
