//! Where a day begins in a list.

use crate::{chat::Period, timestamp::Timestamp};
use leptos::prelude::*;

/// A line with the day's name, as seen from `now`: Today, Yesterday, else the date.
#[component]
pub fn DayDivider(at: Timestamp, now: Timestamp) -> impl IntoView {
    let name = match Period::of(at, now) {
        near @ (Period::Today | Period::Yesterday) => near.heading().to_owned(),
        _ => at.date(),
    };
    view! { <h2 class="day">{name}</h2> }
}
