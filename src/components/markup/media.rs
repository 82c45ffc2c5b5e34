//! Pictures, sound and film that tools made, shown as what they are.

use super::Html;
use crate::domain::MediaFile;

/// A file at `url` with its description, to look at, open and save. A moving GIF is a picture.
pub fn media(html: &mut Html, file: &MediaFile, url: &str) {
    let description = file.description.as_str();
    let kind = file.media_type.split('/').next().unwrap_or_default();
    html.raw("<figure class=\"media\"")
        .attribute("data-kind", kind)
        .raw(">");
    match kind {
        "image" => html
            .raw("<img")
            .attribute("src", url)
            .attribute("alt", description)
            .raw(" loading=\"lazy\">"),
        "audio" | "video" => {
            html.raw("<")
                .raw(kind)
                .raw(" controls preload=\"metadata\"")
                .attribute("src", url)
                .attribute("aria-label", description);
            html.raw("></").raw(kind).raw(">")
        }
        // There is nothing to look at or to hear.
        _ => html.icon("clip"),
    };
    html.raw("<figcaption>")
        .element("span", "", description)
        .raw("<span><a")
        .attribute("href", url);
    html.attribute("aria-label", &format!("Open {description}"))
        .raw(">Open</a><a")
        .attribute("href", url);
    html.attribute("download", &file.name)
        .attribute("aria-label", &format!("Save {description}"))
        .raw(">Save</a></span></figcaption></figure>");
}
