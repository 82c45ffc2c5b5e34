//! Asks for a failed answer once more.

use super::{Icon, Trouble};
use crate::{
    api::{RetryTurn, retry_turn},
    ids::ConversationId,
};
use leptos::{prelude::*, server_fn::ServerFn, task::spawn_local};

/// A form that starts another turn for the conversation's last message; the reason stands beside it when that fails.
#[component]
pub(super) fn RetryButton(conversation_id: ConversationId) -> impl IntoView {
    let trouble = RwSignal::new(String::new());
    let pending = RwSignal::new(false);
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        pending.set(true);
        spawn_local(async move {
            let answer = retry_turn(conversation_id).await;
            pending.try_set(false);
            trouble.try_set(answer.err().map(|error| error.to_string()).unwrap_or_default());
        });
    };
    view! {
        <form method="post" action=RetryTurn::url() on:submit=submit>
            <input type="hidden" name="conversation_id" value=conversation_id.to_string()/>
            <button class="button" disabled=move || pending.get()>
                <Icon name="retry"/>
                "Try again"
            </button>
            <Trouble text=trouble/>
        </form>
    }
}
