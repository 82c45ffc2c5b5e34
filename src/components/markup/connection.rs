//! How the page stands to the server, in a word, with what can be done about it.

use super::Html;
use crate::live::Connection;

/// The connection; `seconds_left` until the next try, where one is set.
pub fn connection(connection: Connection, seconds_left: Option<i64>) -> String {
    let (state, words) = words(connection);
    let mut html = Html::default();
    html.raw("<span class=\"connection\"")
        .attribute("data-state", state)
        .raw("><span role=\"status\">")
        .text(words)
        .raw("</span>");
    if let Some(seconds) = seconds_left {
        html.raw("<span aria-hidden=\"true\">in ")
            .text(&seconds.to_string())
            .raw(" s</span>");
    }
    match connection {
        Connection::Retrying { .. } | Connection::Offline | Connection::Polling => {
            html.raw(
                "<button type=\"button\" class=\"plain\" data-do=\"reconnect\">Retry</button>",
            );
        }
        Connection::SignedOut => {
            html.raw("<a class=\"plain\" href=\"/sign-in\">Sign in</a>");
        }
        Connection::Connecting | Connection::Live => {}
    }
    html.raw("</span>").take()
}

const fn words(connection: Connection) -> (&'static str, &'static str) {
    match connection {
        Connection::Connecting => ("connecting", "Connecting…"),
        Connection::Live => ("live", "Live"),
        Connection::Retrying { .. } => ("retrying", "Reconnecting"),
        Connection::Polling => ("polling", "Polling"),
        Connection::Offline => ("offline", "Offline"),
        Connection::SignedOut => ("signed-out", "Signed out"),
    }
}
