//! Pictures, sound and film that tools made, shown as what they are.

use crate::work_log::MediaFile;
use leptos::prelude::*;

/// A file with its description, to look at, open and save. A moving GIF is a picture.
#[component]
pub fn MediaFigure(
    /// What is known of it.
    file: MediaFile,
    /// Its address, when Holly's files are not where it is.
    #[prop(optional, into)]
    at: Option<String>,
) -> impl IntoView {
    let (url, description) = (at.unwrap_or_else(|| file.url()), file.description.clone());
    let kind = file.media_type.split('/').next().unwrap_or_default();
    let shown = match kind {
        "image" => view! { <img src=url.clone() alt=description.clone() loading="lazy"/> }.into_any(),
        "audio" => view! { <audio controls preload="metadata" src=url.clone() aria-label=description.clone()></audio> }.into_any(),
        "video" => view! { <video controls preload="metadata" src=url.clone() aria-label=description.clone()></video> }.into_any(),
        _ => ().into_any(),
    };
    view! {
        <figure class="media" data-kind=kind.to_owned()>
            {shown}
            <figcaption>
                <span>{description.clone()}</span>
                <span>
                    <a href=url.clone() aria-label=format!("Open {description}")>"Open"</a>
                    <a href=url download=file.name aria-label=format!("Save {description}")>"Save"</a>
                </span>
            </figcaption>
        </figure>
    }
}
