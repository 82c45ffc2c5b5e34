//! The head of a conversation: the way to the others, its title, what can be done with it, how the
//! page stands to the server.

use super::{ConnectionStatus, Icon};
use crate::domain::Conversation;
use leptos::prelude::*;

/// The header. Its buttons open the side (on a phone) and the conversation's menu, both of them
/// popovers, so that they need no JavaScript; without it nothing follows the server, and the header
/// says what to do instead.
#[component]
pub(super) fn ConversationHeader(
    conversation: Option<Conversation>,
    on_hold: bool,
) -> impl IntoView {
    let title = conversation
        .as_ref()
        .map_or_else(|| "New conversation".to_owned(), |open| open.title.clone());
    let tools = conversation.map(|open| {
        view! {
            <span class="chip" data-kept="true" hidden=!open.kept title="Nothing in this conversation is deleted until you let it expire again">
                <Icon name="pin"/>
                "Kept"
            </span>
            {on_hold.then(|| view! { <span class="chip" title="An admin keeps this conversation: nothing in it can be deleted until they release it">"On hold"</span> })}
            <button type="button" class="tool" popovertarget="talk-menu" aria-label="What can be done with this conversation">
                <Icon name="more"/>
            </button>
        }
    });
    view! {
        <header class="top">
            <button type="button" class="menu" popovertarget="side" aria-label="Conversations">
                <Icon name="menu"/>
            </button>
            <h1>{title}</h1>
            {tools}
            <span class="scripted"><ConnectionStatus/></span>
            <noscript><a class="connection" href="">"Reload"</a></noscript>
        </header>
    }
}
