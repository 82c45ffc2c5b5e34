//! What the composer does with its text: send it, and stop the work that answers it.

use super::{browser, composer_files::ComposerFiles, composer_text::ComposerText, post_form::post_form};
use crate::{
    api::{ApiError, send_message, stop_turn},
    ids::ConversationId,
};
use leptos::{html::Select, prelude::*, task::spawn_local};
use web_sys::FormData;

/// A composer's text, where it goes, and what came of it.
#[derive(Clone, Copy)]
pub(super) struct Sending {
    pub(super) conversation_id: Option<ConversationId>,
    pub(super) text: ComposerText,
    pub(super) files: ComposerFiles,
    /// Where the model is chosen, if there is a choice.
    pub(super) chooser: NodeRef<Select>,
    /// Whether a turn runs: it must end before the next message.
    pub(super) running: Memo<bool>,
    /// Why the last try failed; empty when it did not.
    pub(super) trouble: RwSignal<String>,
    /// Whether a message is on its way.
    pub(super) on_its_way: RwSignal<bool>,
}

impl Sending {
    /// Sends the text. When that fails the text comes back, with the reason.
    pub(super) fn send(self) {
        if self.running.get_untracked() {
            return self.trouble.set("The assistant is still working. Stop it, or wait for its answer.".to_owned());
        }
        if self.on_its_way.get_untracked() {
            return;
        }
        if self.files.any() {
            return self.send_form();
        }
        let Some(content) = self.text.take() else { return };
        self.on_its_way.set(true);
        self.trouble.set(String::new());
        spawn_local(async move {
            let model = self.chooser.get_untracked().map(|chooser| chooser.value());
            match send_message(self.conversation_id, content.clone(), model).await {
                Ok(sent) => self.sent(sent.conversation_id),
                Err(error) => {
                    self.text.give_back(&content);
                    self.trouble.set(error.to_string());
                }
            }
            self.on_its_way.set(false);
        });
    }

    /// Sends the form with its files. When that fails text and files come back, with the reason.
    fn send_form(self) {
        let form = self.files.form.get_untracked().and_then(|form| FormData::new_with_form(&form).ok());
        let (Some(form), Some(content)) = (form, self.text.take()) else {
            return self.trouble.set("Please write something beside the files.".to_owned());
        };
        let kept = self.files.take();
        self.on_its_way.set(true);
        self.trouble.set(String::new());
        spawn_local(async move {
            match post_form(&form, "/messages").await {
                Ok(answer) => {
                    if let Some(id) = answer.get("conversationId").and_then(|id| id.as_str()?.parse().ok()) {
                        self.sent(id);
                    }
                }
                Err(why) => {
                    self.text.give_back(&content);
                    self.files.give_back(kept);
                    self.trouble.set(why);
                }
            }
            self.on_its_way.set(false);
        });
    }

    fn sent(self, conversation_id: ConversationId) {
        self.text.forget_draft();
        if self.conversation_id != Some(conversation_id) {
            browser::go_to(&format!("/c/{conversation_id}"));
        }
    }

    /// Stops the turn that runs.
    pub(super) fn stop(self) {
        let Some(id) = self.conversation_id else { return };
        spawn_local(async move {
            let refused = stop_turn(id).await.err();
            self.trouble.set(refused.as_ref().map(ApiError::to_string).unwrap_or_default());
        });
    }
}
