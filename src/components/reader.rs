//! What a reader brings to a list of entries: which ones they opened by hand, how much they want to
//! see, and when they came.

use super::opened::Opened;
use crate::domain::{Detail, ids::EntryId, time::Timestamp};
use leptos::prelude::*;

/// Kept outside the rows, so that a row that changes, folds or is drawn anew stays as its reader
/// left it.
#[derive(Debug, Clone, Copy)]
pub struct ViewState {
    /// The entries that are open.
    pub opened: RwSignal<Opened>,
    /// Server time at which the page was made, from which running times are counted.
    pub server_now: Timestamp,
}

impl ViewState {
    /// A reader who has opened nothing yet.
    pub fn new(server_now: Timestamp) -> Self {
        Self {
            opened: RwSignal::default(),
            server_now,
        }
    }

    /// The reader who asks for this page: their level of detail is in its context.
    pub fn asking(server_now: Timestamp) -> Self {
        let opened = Opened {
            detail: use_context::<Detail>().unwrap_or_default(),
            ..Opened::default()
        };
        Self {
            opened: RwSignal::new(opened),
            server_now,
        }
    }

    /// Takes note that an entry was opened or closed.
    pub fn toggled(self, id: EntryId, open: bool) {
        if self
            .opened
            .with_untracked(|opened| opened.by_hand.contains(&id))
            != open
        {
            self.opened.update(|opened| {
                if open {
                    opened.by_hand.insert(id)
                } else {
                    opened.by_hand.remove(&id)
                };
            });
        }
    }
}
