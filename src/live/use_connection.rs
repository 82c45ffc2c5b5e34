//! How the page stands to the live feed, for an island that only shows it.

use super::{Connection, feed};
use leptos::prelude::*;
use std::rc::Rc;

/// How this page stands to its owner's feed, and a way to try again at once.
///
/// # Usage
/// ```ignore
/// let (connection, retry) = use_connection();
/// view! { <button on:click=move |_| retry.run(()) hidden=move || connection.get() == Connection::Live>"Try again"</button> }
/// ```
///
/// # Options
/// None. It does not start the feed: an island with [`super::use_work_log_stream`] on the same page
/// does. `retry` has no effect while nothing is waiting, nor when nobody is signed in.
///
/// # Server-side behaviour
/// [`Connection::Connecting`], and `retry` is never called.
pub fn use_connection() -> (Signal<Connection>, Callback<()>) {
    let connection = RwSignal::new(Connection::default());
    Effect::new(move || {
        let id = feed::watch(Rc::new(move |now| connection.set(now)));
        on_cleanup(move || feed::leave(id));
    });
    (connection.into(), Callback::new(|()| feed::retry()))
}
