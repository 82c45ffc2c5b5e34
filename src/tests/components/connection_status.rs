use super::{html, text};
use crate::{components::ConnectionStatus, live::Connection};
use leptos::prelude::*;

#[test]
fn every_connection_state_has_a_label_and_an_action() {
    for (connection, words) in [
        (Connection::Connecting, "Connecting…"),
        (Connection::Live, "Live"),
        (
            Connection::Retrying {
                attempt: 2,
                at_ms: 0,
            },
            "Reconnecting Retry",
        ),
        (Connection::Polling, "Polling Retry"),
        (Connection::Offline, "Offline Retry"),
        (Connection::SignedOut, "Signed out Sign in"),
    ] {
        let status = html(|| view! { <ConnectionStatus connection/> });
        assert_eq!(text(&status), words);
        assert!(status.contains("role=\"status\""), "{status}");
    }
}
