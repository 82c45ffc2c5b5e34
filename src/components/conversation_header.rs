//! The head of a conversation: the way to the others, its title, what can be done with it, how the page stands to the server.

use super::{ConnectionStatus, Icon};
use crate::chat::Conversation;
use leptos::prelude::*;

/// The header. Its buttons open the side (on a phone) and the dialogs, all of them popovers, without JavaScript.
#[component]
pub(super) fn ConversationHeader(conversation: Option<Conversation>) -> impl IntoView {
    let title = conversation.as_ref().map_or_else(|| "New conversation".to_owned(), |open| open.title.clone());
    let tools = conversation.map(|open| {
        [("rename", "Rename this conversation", "pencil"), ("delete", "Delete this conversation", "trash")].map(|(dialog, words, glyph)| {
            view! {
                <button type="button" class="tool" popovertarget=dialog data-dialog=dialog data-talk=open.id.to_string() aria-label=words>
                    <Icon name=glyph/>
                </button>
            }
        })
    });
    view! {
        <header class="top">
            <button type="button" class="menu" popovertarget="side" aria-label="Conversations">
                <Icon name="menu"/>
            </button>
            <h1>{title}</h1>
            {tools.map(|tools| tools.collect_view())}
            <ConnectionStatus/>
        </header>
    }
}
