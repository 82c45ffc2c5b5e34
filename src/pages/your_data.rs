//! The part of the settings about one's data: take it along, or have it erased.

use crate::{components::ReceiptNote, server_fns::EraseAccount};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};

/// Export first, then erasing, which asks for the password again, or for the address where there is
/// none.
#[component]
pub fn YourData(
    /// Whether the person has a password.
    has_password: bool,
) -> impl IntoView {
    let proof = if has_password {
        Either::Left(view! {
            <label class="field">"Your password, again" <input type="password" name="password" autocomplete="current-password" required/></label>
        })
    } else {
        Either::Right(view! {
            <label class="field">"Your address, as shown above" <input type="email" name="email" autocomplete="off" required/></label>
        })
    };
    view! {
        <section class="panel" id="your-data">
            <h2>"Your data"</h2>
            <p>"Everything you and the assistant said, and the work log of all tiers: "
                <a href="/api/work-log/export?messages=true&format=html" download="holly.html">"to read (HTML)"</a> " or "
                <a href="/api/work-log/export?messages=true" download="holly.jsonl">"for programs (JSON lines)"</a> "."
            </p>
            <details>
                <summary>"Erase my account"</summary>
                <p>
                    "Everything goes, from every tier: conversations, messages, entries, also kept ones, files, keys. Only figures stay. "
                    "It cannot be undone; export your data first if you want to keep it."
                </p>
                <form class="filters" method="post" action=EraseAccount::url()>
                    {proof}
                    <button class="button" data-kind="danger">"Erase my account for good"</button>
                </form>
            </details>
        </section>
    }
}

/// What an erasure took away. Only numbers come from the address.
#[component]
pub fn ErasedNote(
    /// The figures of a receipt.
    counts: String,
    /// Whose account it was: `Your` or `The`.
    whose: &'static str,
) -> impl IntoView {
    view! {
        <p>{whose} " account is erased."</p>
        <ReceiptNote code=Some(counts)/>
    }
}
