//! What a reader brings to a list of entries: which ones they opened by hand, and when they came.

use crate::{ids::EntryId, timestamp::Timestamp};
use leptos::prelude::*;
use std::collections::HashSet;

/// Kept outside the rows, so that a row that changes, folds or is drawn anew stays as its reader left it.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// The entries that are open.
    pub opened: RwSignal<HashSet<EntryId>>,
    /// Server time at which the page was made, from which running times are counted.
    pub server_now: Timestamp,
}

impl Reader {
    /// A reader who has opened nothing yet.
    pub fn new(server_now: Timestamp) -> Self {
        Self { opened: RwSignal::default(), server_now }
    }

    /// Takes note that an entry was opened or closed.
    pub fn toggled(self, id: EntryId, open: bool) {
        if self.opened.with_untracked(|opened| opened.contains(&id)) != open {
            self.opened.update(|opened| {
                if open {
                    opened.insert(id)
                } else {
                    opened.remove(&id)
                };
            });
        }
    }
}
