//! Which entries of a list stand open: what its reader opened, or what their level of detail opens.

use super::browser;
use crate::domain::{Detail, ids::EntryId};
use leptos::prelude::document;
use std::collections::HashSet;
use web_sys::Element;

/// Where a page says which level its reader has chosen: on its root.
const ATTRIBUTE: &str = "data-detail";

/// What is open. Kept apart from the rows, so that a row that is drawn anew stays as its reader
/// left it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opened {
    /// Opened or focused: these never fold.
    pub by_hand: HashSet<EntryId>,
    /// Closed by a reader for whom everything is open.
    pub closed: HashSet<EntryId>,
    /// How much is in sight without being asked for.
    pub detail: Detail,
}

impl Opened {
    /// Whether an entry stands open.
    pub fn holds(&self, id: EntryId) -> bool {
        self.by_hand.contains(&id) || (self.detail == Detail::All && !self.closed.contains(&id))
    }

    /// Whether what went well folds away.
    pub fn folds(&self) -> bool {
        self.detail != Detail::All
    }
}

/// How the entries of `list` stand now. What is opened behind a fold is in sight there.
pub(super) fn opened(list: &Element) -> Opened {
    let ids = |selector: &str| -> HashSet<EntryId> {
        browser::all(list, selector)
            .iter()
            .filter_map(|entry| entry.id().strip_prefix("entry-")?.parse().ok())
            .collect()
    };
    let detail = document()
        .document_element()
        .and_then(|root| Detail::of(&root.get_attribute(ATTRIBUTE)?))
        .unwrap_or_default();
    Opened {
        by_hand: ids(".work-group > details.entry[open], .work-group > details.entry:focus-within"),
        closed: if detail == Detail::All {
            ids("details.entry:not([open])")
        } else {
            HashSet::new()
        },
        detail,
    }
}
