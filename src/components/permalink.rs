//! `#entry-{id}` in the address opens that entry, shows it and marks it (the mark is `:target` in
//! the style). An entry that is not on the page has a page of its own around it; that page says so
//! where it is no longer there.

use super::browser;
use crate::domain::ids::{ConversationId, EntryId};
use leptos::prelude::*;

/// Follows the address now and whenever its fragment changes.
pub(super) fn follow_permalinks(conversation: Option<ConversationId>) {
    let follow = move || follow(conversation);
    request_animation_frame(follow);
    browser::listen(&window(), "hashchange", move |_| follow());
}

/// Whether the address names an entry.
pub(super) fn names_an_entry() -> bool {
    entry_of(&window().location().hash().unwrap_or_default()).is_some()
}

fn follow(conversation: Option<ConversationId>) {
    let location = window().location();
    let Some(id) = entry_of(&location.hash().unwrap_or_default()) else {
        return;
    };
    if let Some(row) = browser::element(&format!("entry-{id}")) {
        if let Ok(Some(folded)) = row.closest("details.work") {
            _ = folded.set_attribute("open", "");
        }
        _ = row.set_attribute("open", "");
        row.scroll_into_view();
    } else if let Some(conversation) = conversation.filter(|_| {
        !location
            .search()
            .is_ok_and(|query| query.ends_with(&id.to_string()))
    }) {
        _ = location.replace(&format!("/c/{conversation}?around={id}#entry-{id}"));
    }
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
        for hash in [
            "",
            "#",
            "#entry-",
            "#entry-x",
            "#other",
            "entry-0190f0c0-7a4e-7cc3-98c4-dc0c0c07398f",
        ] {
            assert_eq!(entry_of(hash), None, "{hash}");
        }
    }
}
