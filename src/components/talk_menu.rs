//! What can be done with the conversation that is open: keep it, take it along, rename it, delete
//! it.

use super::{Icon, Trouble};
use crate::{domain::Conversation, server_fns::KeepConversation};
use leptos::{prelude::*, server_fn::ServerFn};

/// The menu in its popover, which `ConversationHeader` opens; it needs no JavaScript.
#[component]
pub(super) fn TalkMenu(conversation: Conversation) -> impl IntoView {
    view! {
        <div id="talk-menu" class="dialog talk-menu" popover="auto" role="group" aria-label="This conversation">
            <TalkActions conversation/>
        </div>
    }
}

/// Links, plain forms and the ways to the dialogs.
#[component]
pub fn TalkActions(
    /// What they are done with.
    conversation: Conversation,
) -> impl IntoView {
    let id = conversation.id.to_string();
    let export = |format: &str| {
        format!("/api/work-log/export?conversationId={id}&messages=true&format={format}")
    };
    let dialog = |dialog: &'static str, glyph: &'static str, word: &'static str| {
        view! {
            <button type="button" popovertarget=dialog data-dialog=dialog data-talk=id.clone()><Icon name=glyph/> {word}</button>
        }
    };
    view! {
        <Keep id=id.clone() keep=true shown=!conversation.kept/>
        <Keep id=id.clone() keep=false shown=conversation.kept/>
        <a href=export("html") download="holly-conversation.html"><Icon name="download"/> "Export to read (HTML)"</a>
        <a href=export("jsonl") download="holly-conversation.jsonl"><Icon name="download"/> "Export for programs (JSON lines)"</a>
        {dialog("rename", "pencil", "Rename")}
        {dialog("delete", "trash", "Delete")}
    }
}

/// Keeps the conversation or lets it expire. Head, menu and entries follow over the feed.
#[component]
fn Keep(id: String, keep: bool, shown: bool) -> impl IntoView {
    let (word, note) = if keep {
        ("Keep for good", "Nothing in it is deleted by age")
    } else {
        (
            "Let it expire again",
            "What is past its time is deleted within the hour",
        )
    };
    view! {
        <form method="post" action=KeepConversation::url() data-live="" data-next="[popovertarget=talk-menu]" data-kept=(!keep).to_string() hidden=!shown>
            <input type="hidden" name="conversation_id" value=id/>
            <input type="hidden" name="kept" value=keep.to_string()/>
            <button><Icon name="pin"/> <span>{word} <small>{note}</small></span></button>
            <Trouble text=""/>
        </form>
    }
}
