//! The list of a conversation: days, what was said and what was done, in the order in which it
//! happened.

use super::{
    markup::{Sight, rows},
    reader::ViewState,
};
use crate::{
    domain::{Gap, Item, ids::TurnId},
    live::Answers,
};
use leptos::prelude::*;

/// The list as it is now; [`ConversationView`](super::ConversationView) keeps it so.
#[component]
pub fn Timeline(
    /// Messages and stretches of work, oldest first.
    items: Vec<Item>,
    /// The turn that is running.
    running: Option<TurnId>,
    /// Who reads it.
    reader: ViewState,
    /// What belongs into it and could not be read, oldest first.
    #[prop(optional)]
    gaps: Vec<Gap>,
) -> impl IntoView {
    let answers = Answers::new();
    let html: String = reader.opened.with_untracked(|opened| {
        let sight = Sight {
            answers: &answers,
            running,
            opened,
            gaps: &gaps,
            now: reader.server_now,
        };
        rows(&items, sight)
            .into_iter()
            .map(|row| row.html)
            .collect()
    });
    view! { <div class="timeline" role="log" aria-live="off" inner_html=html></div> }
}
