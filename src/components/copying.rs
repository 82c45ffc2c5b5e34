//! The Copy button of an opened entry: the whole entry as plain text.

use super::{browser, markup::as_text};
use crate::{domain::ids::EntryId, live::WorkLogStream};
use leptos::prelude::{WithUntracked, set_timeout};
use std::time::Duration;
use web_sys::{Element, Event};

const COPIED_FOR: Duration = Duration::from_secs(2);

/// Hears the Copy buttons below an island's root.
pub(super) fn hear_copying(root: &Element, stream: WorkLogStream) {
    browser::listen(root, "click", move |event| _ = copy(&event, stream));
}

fn copy(event: &Event, stream: WorkLogStream) -> Option<()> {
    let button = browser::happened_in(event, "[data-copy]")?;
    let id: EntryId = button.get_attribute("data-copy")?.parse().ok()?;
    browser::copy(&as_text(
        &*stream.transcript.with_untracked(|held| held.entry(id))?,
    ));
    button.set_text_content(Some("Copied"));
    set_timeout(move || button.set_text_content(Some("Copy")), COPIED_FOR);
    Some(())
}
