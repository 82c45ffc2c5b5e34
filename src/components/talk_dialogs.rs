//! The dialogs that rename and delete a conversation. They are popovers with plain forms, made for
//! the conversation that is open; in the browser the list fills them in for any other.

use super::{Trouble, browser};
use crate::{
    domain::{CONVERSATION_TITLE_MAX_CHARS, Conversation},
    live::WorkLogStream,
    server_fns::{DeleteConversation, RenameConversation},
};
use leptos::{prelude::*, server_fn::ServerFn, wasm_bindgen::JsCast};
use web_sys::{Element, Event, HtmlInputElement};

/// Both dialogs.
#[component]
pub fn TalkDialogs(
    /// What they are made for at first; the browser fills them in for any other.
    conversation: Option<Conversation>,
) -> impl IntoView {
    let (id, title) = conversation
        .map(|open| (open.id.to_string(), open.title))
        .unwrap_or_default();
    view! {
        <div id="rename" class="dialog" popover="auto" role="dialog" aria-label="Rename a conversation">
            <form method="post" action=RenameConversation::url() data-live="" data-next="[popovertarget=talk-menu]">
                <h2>"Rename the conversation"</h2>
                <input type="hidden" name="conversation_id" value=id.clone()/>
                <input name="title" aria-label="Title" required autofocus maxlength=CONVERSATION_TITLE_MAX_CHARS value=title.clone()/>
                <Trouble text=""/>
                <Choice dialog="rename" kind="main" word="Rename"/>
            </form>
        </div>
        <div id="delete" class="dialog" popover="auto" role="dialog" aria-label="Delete a conversation">
            <form method="post" action=DeleteConversation::url() data-live="" data-next="[popovertarget=talk-menu]">
                <h2>"Delete “"<span data-title="">{title}</span>"”?"</h2>
                <p>"Its messages, its work and its files are deleted everywhere, what is kept in it too. This cannot be undone."</p>
                <input type="hidden" name="conversation_id" value=id/>
                <Trouble text=""/>
                <Choice dialog="delete" kind="danger" word="Delete"/>
            </form>
        </div>
    }
}

#[component]
fn Choice(dialog: &'static str, kind: &'static str, word: &'static str) -> impl IntoView {
    view! {
        <div class="row">
            <button type="button" class="button" popovertarget=dialog popovertargetaction="hide" autofocus=dialog == "delete">"Cancel"</button>
            <button class="button" data-kind=kind>{word}</button>
        </div>
    }
}

/// Fills the dialog in for the conversation whose tool was used, and opens it where the browser
/// does not do so itself. The menu or the side that the tool stands in closes.
pub(super) fn open_dialog(event: &Event, stream: WorkLogStream) -> Option<()> {
    let tool = browser::happened_in(event, "[data-dialog]")?;
    let (dialog, id) = (
        browser::element(&tool.get_attribute("data-dialog")?)?,
        tool.get_attribute("data-talk")?,
    );
    let talk = stream
        .transcript
        .with_untracked(|held| held.conversation(id.parse().ok()?))?;
    browser::first::<HtmlInputElement>(&dialog, "[name=conversation_id]")?.set_value(&id);
    for place in browser::all(&dialog, "[name=title], [data-title]") {
        match place.dyn_ref::<HtmlInputElement>() {
            Some(field) => field.set_value(&talk.title),
            None => place.set_text_content(Some(&talk.title)),
        }
    }
    if let Some(trouble) = browser::first::<Element>(&dialog, ".trouble") {
        browser::show(&trouble, false);
    }
    browser::close_popover_around(&tool);
    if !tool.has_attribute("popovertarget") {
        browser::open_popover(&dialog);
    }
    Some(())
}

/// Closes the menu or the dialog that the focus has left. Escape and a click beside them the
/// browser hears by itself.
pub(super) fn close_left(event: &Event) {
    if browser::happened_in(
        event,
        "#talk-menu, [popovertarget=talk-menu], [role=dialog]",
    )
    .is_none()
    {
        let root = document().document_element();
        root.iter()
            .flat_map(|root| browser::all(root, "#talk-menu, [role=dialog]"))
            .for_each(|left| browser::close_popover_around(&left));
    }
}
