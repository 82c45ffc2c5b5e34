//! What changes in the composer: its one button, and the files that go with the message.

use super::Html;
use crate::server_fns::StopTurn;
use leptos::server_fn::ServerFn;

/// Send, or Stop while a turn runs.
pub fn composer_button(running: bool) -> String {
    let mut html = Html::default();
    html.raw("<button class=\"button\" data-kind=\"main\"");
    if running {
        html.attribute("formaction", StopTurn::url())
            .raw(" formenctype=\"application/x-www-form-urlencoded\" formnovalidate>")
            .icon("stop")
            .raw("Stop</button>");
    } else {
        html.raw(">").icon("send").raw("Send</button>");
    }
    html.take()
}

/// The files that were chosen, by name, each with a button that takes it away.
pub fn attached(names: &[String]) -> String {
    let mut html = Html::default();
    for (at, name) in names.iter().enumerate() {
        html.raw("<li class=\"chip\">")
            .icon("clip")
            .element("span", "", name);
        html.raw("<button type=\"button\" class=\"plain\"")
            .attribute("data-remove", &at.to_string());
        html.attribute("aria-label", &format!("Remove {name}"))
            .raw(">")
            .icon("x")
            .raw("</button></li>");
    }
    html.take()
}
