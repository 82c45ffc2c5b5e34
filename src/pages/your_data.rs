//! The part of the settings about one's data: take it along, or have it erased.

use crate::api::EraseAccount;
use leptos::{either::Either, prelude::*, server_fn::ServerFn};

/// Export first, then erasing, which asks for the password again, or for the address where there is none.
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
            <p>"Your work log of all tiers, as it is shown: "
                <a href="/api/work-log/export" download="holly-work-log.jsonl">"for programs (JSON lines)"</a> " or "
                <a href="/api/work-log/export?format=html" download="holly-work-log.html">"to read (HTML)"</a> "."
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

/// What an erasure took away, said on the sign-in page. Only numbers come from the address.
#[component]
pub fn ErasedNote(
    /// Entries, of which in the archive, messages, conversations, files, objects that are still to go.
    counts: String,
) -> impl IntoView {
    let counts: Vec<i64> = counts.split('-').filter_map(|count| count.parse().ok()).collect();
    let [entries, archived, messages, conversations, files, pending] = counts[..] else { return None };
    let rest = if pending > 0 {
        format!(" {pending} objects of the archive could not be reached; nobody can read them, and the next run deletes them.")
    } else {
        String::new()
    };
    Some(view! {
        <div class="note" role="status">
            {format!("Your account is erased: {entries} entries ({archived} from the archive), {messages} messages, {conversations} conversations, {files} files.{rest}")}
        </div>
    })
}
