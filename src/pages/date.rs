//! A day and time in a table.

use crate::domain::time::Timestamp;
use leptos::prelude::*;

/// A moment to the second, for what is told apart by it.
pub(super) fn at(at: Timestamp) -> impl IntoView {
    view! { <time datetime=at.to_string()>{at.date_time()}</time> }
}
