//! The head of a conversation: the way to the others, its title, how the page stands to the server.

use super::{ConnectionStatus, Icon};
use crate::live::WorkLogStream;
use leptos::prelude::*;

/// The header. Its button opens the side, a popover on a phone, without JavaScript.
#[component]
pub(super) fn ConversationHeader(#[prop(into)] title: Signal<String>, stream: WorkLogStream) -> impl IntoView {
    view! {
        <header class="top">
            <button type="button" class="menu" popovertarget="side" aria-label="Conversations">
                <Icon name="menu"/>
            </button>
            <h1>{move || title.get()}</h1>
            <ConnectionStatus connection=stream.connection retry=stream.retry/>
        </header>
    }
}
