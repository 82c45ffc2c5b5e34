//! Which entries of a list the reader has opened or is focused on: these never fold, whatever happens to the rest.

use super::browser;
use crate::ids::EntryId;
use std::collections::HashSet;
use web_sys::Element;

/// The standing entries of `list` that its reader holds open or focused. What is opened behind a fold is in sight there.
pub(super) fn opened(list: &Element) -> HashSet<EntryId> {
    let held = browser::all(list, ".work-group > details.entry[open], .work-group > details.entry:focus-within");
    held.iter().filter_map(|entry| entry.id().strip_prefix("entry-")?.parse().ok()).collect()
}
