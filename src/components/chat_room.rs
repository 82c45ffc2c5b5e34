//! The whole of the chat page: the side, the conversation, the composer.

use super::{
    ReceiptNote, Side, composer::ComposerForm, conversation_room::ConversationRoom,
    talk_dialogs::TalkDialogs,
};
use crate::domain::{Change, ChatPageData, Snapshot};
use leptos::prelude::*;

/// The chat. Each island gets the rows that it shows and no others, so that nothing is sent twice
/// but one conversation.
#[component]
pub fn ChatRoom(
    /// What the page shows.
    page: ChatPageData,
    /// Why the composer's form was not taken that was sent without JavaScript.
    #[prop(default = None)]
    trouble: Option<String>,
    /// The figures of a receipt in the address.
    #[prop(default = None)]
    deleted: Option<String>,
) -> impl IntoView {
    let demo = page
        .models
        .iter()
        .all(|model| model.key.starts_with("demo:"));
    let conversation = page.conversation;
    let current = conversation.as_ref().map(|conversation| conversation.id);
    let (listed, shown): (Vec<_>, Vec<_>) = page
        .snapshot
        .rows
        .iter()
        .cloned()
        .partition(|row| matches!(row, Change::Conversation(_)));
    let open = conversation.clone().map(Change::Conversation);
    let shown: Vec<Change> = shown.into_iter().chain(open.clone()).collect();
    let with = |rows: Vec<Change>| Snapshot {
        rows,
        ..page.snapshot.clone()
    };
    view! {
        <div class="app">
            <a class="skip" href="#message">"Skip to the message field"</a>
            <Side account=page.account snapshot=with(listed) current/>
            <main class="main">
                <ReceiptNote code=deleted gone=page.gone/>
                <ConversationRoom conversation=conversation.clone() snapshot=with(shown) span=page.span on_hold=page.on_hold demo/>
                <ComposerForm conversation=conversation.clone() snapshot=with(open.into_iter().collect()) models=page.models trouble/>
            </main>
            <TalkDialogs conversation/>
        </div>
    }
}
