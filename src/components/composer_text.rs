//! The text that is being written: it grows with its lines and survives a reload in this tab.

use crate::ids::ConversationId;
use leptos::{html::Textarea, prelude::*};

/// The text area of a composer and the draft behind it.
#[derive(Clone, Copy)]
pub(super) struct ComposerText {
    /// The element one writes in. Its value is its own, so that what was typed before the page came to life stays.
    pub(super) area: NodeRef<Textarea>,
    conversation: Option<ConversationId>,
}

/// The text for a conversation, with its draft from before.
pub(super) fn use_composer_text(conversation: Option<ConversationId>) -> ComposerText {
    let text = ComposerText { area: NodeRef::new(), conversation };
    Effect::new(move |_| {
        let Some(area) = text.area.get() else { return };
        let draft = drafts().and_then(|drafts| drafts.get_item(&text.draft_key()).ok().flatten());
        if let Some(draft) = draft.filter(|_| area.value().is_empty()) {
            area.set_value(&draft);
        }
        text.fit();
    });
    text
}

impl ComposerText {
    /// Takes note that it changed.
    pub(super) fn changed(self) {
        if let (Some(area), Some(drafts)) = (self.area.get_untracked(), drafts()) {
            _ = drafts.set_item(&self.draft_key(), &area.value());
        }
        self.fit();
    }

    /// Takes the text to send it and leaves the area empty; `None` when there is nothing but blanks. The draft stays
    /// until the server has the message.
    pub(super) fn take(self) -> Option<String> {
        let area = self.area.get_untracked()?;
        let text = Some(area.value()).filter(|text| !text.trim().is_empty())?;
        area.set_value("");
        self.fit();
        Some(text)
    }

    /// Puts back what could not be sent, before what has been typed since.
    pub(super) fn give_back(self, text: &str) {
        let Some(area) = self.area.try_get_untracked().flatten() else { return };
        let since = area.value();
        area.set_value(&if since.is_empty() { text.to_owned() } else { format!("{text}\n{since}") });
        self.changed();
    }

    /// What was sent is no draft any more; what has been typed since is.
    pub(super) fn forget_draft(self) {
        if let Some(drafts) = drafts() {
            let since = self.area.try_get_untracked().flatten().map(|area| area.value()).unwrap_or_default();
            _ = drafts.set_item(&self.draft_key(), &since);
        }
    }

    /// Makes the area as high as its lines, for browsers without `field-sizing`.
    fn fit(self) {
        if let Some(area) = self.area.get_untracked() {
            let style = web_sys::HtmlElement::style(&area);
            _ = style.set_property("block-size", "auto");
            _ = style.set_property("block-size", &format!("{}px", area.scroll_height()));
        }
    }

    fn draft_key(self) -> String {
        self.conversation.map_or_else(|| "draft-new".to_owned(), |id| format!("draft-{id}"))
    }
}

fn drafts() -> Option<web_sys::Storage> {
    window().session_storage().ok().flatten()
}
