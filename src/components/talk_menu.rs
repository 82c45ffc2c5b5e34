//! What can be done with the conversation that is open: keep it, take it along, rename it, delete it.

use super::Icon;
use crate::{api::KeepConversation, chat::Conversation};
use leptos::{prelude::*, server_fn::ServerFn};

/// A popover with links, plain forms and the ways to the dialogs; it needs no JavaScript.
#[component]
pub(super) fn TalkMenu(conversation: Conversation) -> impl IntoView {
    let id = conversation.id.to_string();
    let export = |format: &str| format!("/api/work-log/export?conversationId={id}&messages=true&format={format}");
    let dialog = |dialog: &'static str, glyph: &'static str, word: &'static str| {
        view! {
            <button type="button" popovertarget=dialog data-dialog=dialog data-talk=id.clone()><Icon name=glyph/> {word}</button>
        }
    };
    view! {
        <div id="talk-menu" class="dialog talk-menu" popover="auto" role="group" aria-label="This conversation">
            <Keep id=id.clone() keep=true shown=!conversation.kept/>
            <Keep id=id.clone() keep=false shown=conversation.kept/>
            <a href=export("html") download="holly-conversation.html"><Icon name="download"/> "Export to read (HTML)"</a>
            <a href=export("jsonl") download="holly-conversation.jsonl"><Icon name="download"/> "Export for programs (JSON lines)"</a>
            {dialog("rename", "pencil", "Rename")}
            {dialog("delete", "trash", "Delete")}
        </div>
    }
}

/// Keeps the conversation or lets it expire. The page is loaded anew afterwards, for each entry in it says until when it is kept.
#[component]
fn Keep(id: String, keep: bool, shown: bool) -> impl IntoView {
    let (word, note) = if keep {
        ("Keep for good", "Nothing in it is deleted by age")
    } else {
        ("Let it expire again", "Entries are deleted when their time is up")
    };
    view! {
        <form method="post" action=KeepConversation::url() data-kept=(!keep).to_string() hidden=!shown>
            <input type="hidden" name="conversation_id" value=id/>
            <input type="hidden" name="kept" value=keep.to_string()/>
            <button><Icon name="pin"/> <span>{word} <small>{note}</small></span></button>
        </form>
    }
}
