//! The text that is being written: it grows with its lines and survives a reload in this tab.

use crate::domain::ids::ConversationId;
use leptos::prelude::window;
use web_sys::{HtmlElement, HtmlTextAreaElement, Storage};

/// The text area of a composer and the draft behind it.
#[derive(Clone)]
pub(super) struct ComposerText {
    /// The element one writes in. Its value is its own, so that what was typed before the page came
    /// to life stays.
    pub(super) area: HtmlTextAreaElement,
    draft: String,
}

impl ComposerText {
    /// The text for a conversation, with its draft from before.
    pub(super) fn of(area: HtmlTextAreaElement, conversation: Option<ConversationId>) -> Self {
        let draft = conversation.map_or_else(|| "draft-new".to_owned(), |id| format!("draft-{id}"));
        let text = Self { area, draft };
        let kept = drafts().and_then(|drafts| drafts.get_item(&text.draft).ok().flatten());
        if let Some(kept) = kept.filter(|_| text.area.value().is_empty()) {
            text.area.set_value(&kept);
        }
        text.fit();
        text
    }

    /// Takes note that it changed.
    pub(super) fn changed(&self) {
        self.keep_draft();
        self.fit();
    }

    /// Takes the text to send it and leaves the area empty; `None` when there is nothing but
    /// blanks. The draft stays until the server has the message.
    pub(super) fn take(&self) -> Option<String> {
        let text = Some(self.area.value()).filter(|text| !text.trim().is_empty())?;
        self.area.set_value("");
        self.fit();
        Some(text)
    }

    /// Puts back what could not be sent, before what has been typed since.
    pub(super) fn give_back(&self, text: &str) {
        let since = self.area.value();
        self.area.set_value(&if since.is_empty() {
            text.to_owned()
        } else {
            [text, &since].join("\n")
        });
        self.changed();
    }

    /// Keeps what stands in the area as the draft.
    pub(super) fn keep_draft(&self) {
        if let Some(drafts) = drafts() {
            _ = drafts.set_item(&self.draft, &self.area.value());
        }
    }

    /// Makes the area as high as its lines, for browsers without `field-sizing`.
    fn fit(&self) {
        let style = HtmlElement::style(&self.area);
        _ = style.set_property("block-size", "auto");
        _ = style.set_property("block-size", &format!("{}px", self.area.scroll_height()));
    }
}

fn drafts() -> Option<Storage> {
    window().session_storage().ok().flatten()
}
