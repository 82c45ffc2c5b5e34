//! Pictures, sound and film that tools made, shown as what they are.

use super::markup::{Html, media};
use crate::domain::MediaFile;
use leptos::{prelude::*, tachys::html::InertElement};

/// A file with its description, to look at, open and save. A moving GIF is a picture.
#[component]
pub fn MediaFigure(
    /// What is known of it.
    file: MediaFile,
    /// Its address, when Holly's files are not where it is.
    #[prop(optional, into)]
    at: Option<String>,
) -> impl IntoView {
    let mut html = Html::default();
    media(&mut html, &file, &at.unwrap_or_else(|| file.url()));
    InertElement::new(html.take())
}
