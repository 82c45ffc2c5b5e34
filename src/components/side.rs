//! The side of the chat: where one is, where one can go, and who one is.

use super::{Icon, LiveConversations};
use crate::domain::{Account, Snapshot, ids::ConversationId};
use leptos::prelude::*;

/// Brand, conversations, account. On a phone it is a native popover that the `menu` button of the
/// page opens; Escape and a tap beside it close it, without JavaScript.
#[component]
pub fn Side(
    /// Who is signed in.
    account: Account,
    /// All conversations.
    snapshot: Snapshot,
    /// The one that is open.
    current: Option<ConversationId>,
) -> impl IntoView {
    view! {
        <aside id="side" class="side" popover="auto" aria-label="Holly">
            <a class="brand" href="/">
                <Icon name="leaf"/>
                "Holly"
            </a>
            <a class="new" href="/">
                <Icon name="plus"/>
                "New conversation"
            </a>
            <a class="find" href="/history">
                <Icon name="search"/>
                "Search the work log"
            </a>
            <LiveConversations snapshot current/>
            <div class="me">
                <span title=account.email.clone()>{account.email.clone()}</span>
                {account.is_admin.then(|| view! { <a href="/stats">"Stats"</a> })}
                <a href="/settings">"Settings"</a>
            </div>
        </aside>
    }
}
