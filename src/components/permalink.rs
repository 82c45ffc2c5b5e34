//! `#entry-{id}` in the address opens that entry, shows it and marks it (the mark is `:target` in the style).

use super::{Reader, browser};
use crate::ids::EntryId;
use leptos::{ev, prelude::*};

/// Follows the address now and whenever its fragment changes.
pub(super) fn follow_permalinks(reader: Reader) {
    Effect::new(move |_| {
        request_animation_frame(move || follow(reader));
        let listening = window_event_listener(ev::hashchange, move |_| follow(reader));
        on_cleanup(move || listening.remove());
    });
}

fn follow(reader: Reader) {
    let hash = window().location().hash().unwrap_or_default();
    let Some(id) = entry_of(&hash) else { return };
    let Some(row) = browser::element(&format!("entry-{id}")) else { return };
    if let Ok(Some(folded)) = row.closest("details.work") {
        _ = folded.set_attribute("open", "");
    }
    reader.toggled(id, true);
    row.scroll_into_view();
}

/// The entry that a fragment names.
fn entry_of(hash: &str) -> Option<EntryId> {
    hash.strip_prefix("#entry-")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::entry_of;

    #[test]
    fn only_entries_have_permalinks() {
        assert!(entry_of("#entry-0190f0c0-7a4e-7cc3-98c4-dc0c0c07398f").is_some());
        for hash in ["", "#", "#entry-", "#entry-x", "#other", "entry-0190f0c0-7a4e-7cc3-98c4-dc0c0c07398f"] {
            assert_eq!(entry_of(hash), None, "{hash}");
        }
    }
}
