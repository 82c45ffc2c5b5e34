//! The composer's one button.

use super::Html;
use crate::api::StopTurn;
use leptos::server_fn::ServerFn;

/// Send, or Stop while a turn runs.
pub fn composer_button(running: bool) -> String {
    let mut html = Html::default();
    html.raw("<button class=\"button\" data-kind=\"main\"");
    if running {
        html.attribute("formaction", StopTurn::url()).raw(" formnovalidate>").icon("stop").raw("Stop</button>");
    } else {
        html.raw(">").icon("send").raw("Send</button>");
    }
    html.take()
}
