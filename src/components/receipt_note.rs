//! What a deletion took away, said where the reader goes on.

use crate::domain::DeleteReceipt;
use leptos::prelude::*;

/// The place for receipts, and for what a link led to and is gone: it says the receipt whose
/// figures stand in the address; in the browser `live_forms` says the others.
#[component]
pub fn ReceiptNote(
    /// The figures of a [`DeleteReceipt`], as they stand in the address.
    code: Option<String>,
    /// Whether the entry is not there that a link led to.
    #[prop(default = false)]
    gone: bool,
    /// What the place is called; `live_forms` knows it by its own name.
    #[prop(default = "receipt".to_owned())]
    id: String,
) -> impl IntoView {
    let words = code
        .and_then(|code| code.parse().ok())
        .map(|receipt: DeleteReceipt| receipt.words());
    let words =
        words.or_else(|| gone.then(|| "What this link led to is no longer there.".to_owned()));
    let nothing = words.is_none();
    view! { <p id=id class="note" data-status="success" role="status" tabindex="-1" hidden=nothing>{words}</p> }
}
