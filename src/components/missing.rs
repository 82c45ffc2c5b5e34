//! Below a list: the entries that belong into it and could not be read.

use super::markup::{Html, gap};
use crate::domain::Gap;
use leptos::{prelude::*, tachys::html::InertElement};

/// All gaps of a list in one sentence, with a way to try again; nothing where nothing is missing.
#[component]
pub fn Missing(
    /// What could not be read.
    gaps: Vec<Gap>,
) -> impl IntoView {
    let missing = gaps.into_iter().reduce(Gap::joined);
    missing.map(|missing| {
        let mut html = Html::default();
        gap(&mut html, &missing);
        InertElement::new(html.take())
    })
}
