//! How the page stands to the server, in a word, with a way to try again.

use crate::live::{Connection, clock};
use leptos::prelude::*;

/// The connection in words; while it is lost, a button that tries again at once.
#[component]
pub fn ConnectionStatus(
    /// How it stands.
    #[prop(into)]
    connection: Signal<Connection>,
    /// Tries again at once.
    retry: Callback<()>,
) -> impl IntoView {
    let seconds_left = RwSignal::new(None::<i64>);
    Effect::new(move |_| {
        let left = match connection.get() {
            Connection::Retrying { at_ms, .. } => Some(clock::seconds_until(at_ms)),
            _ => None,
        };
        if seconds_left.get_untracked() != left {
            seconds_left.set(left);
        }
    });
    let lost = Memo::new(move |_| matches!(connection.get(), Connection::Retrying { .. } | Connection::Offline | Connection::Polling));
    view! {
        <span class="connection" data-state=move || state(connection.get())>
            <span role="status">{move || words(connection.get())}</span>
            {move || seconds_left.get().map(|seconds| view! { <span aria-hidden="true">{format!("in {seconds} s")}</span> })}
            <Show when=move || lost.get()>
                <button type="button" class="plain" on:click=move |_| retry.run(())>
                    "Retry"
                </button>
            </Show>
            <Show when=move || connection.get() == Connection::SignedOut>
                <a class="plain" href="/sign-in">
                    "Sign in"
                </a>
            </Show>
        </span>
    }
}

fn words(connection: Connection) -> &'static str {
    match connection {
        Connection::Connecting => "Connecting…",
        Connection::Live => "Live",
        Connection::Retrying { .. } => "Reconnecting",
        Connection::Polling => "Polling",
        Connection::Offline => "Offline",
        Connection::SignedOut => "Signed out",
    }
}

fn state(connection: Connection) -> &'static str {
    match connection {
        Connection::Connecting => "connecting",
        Connection::Live => "live",
        Connection::Retrying { .. } => "retrying",
        Connection::Polling => "polling",
        Connection::Offline => "offline",
        Connection::SignedOut => "signed-out",
    }
}
