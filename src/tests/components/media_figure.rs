use super::{html, text};
use crate::components::{MediaFigure, samples};
use leptos::prelude::*;

#[test]
fn pictures_audio_and_video_use_their_own_elements() {
    for (file, element) in
        samples::files()
            .into_iter()
            .zip(["<img", "<audio controls", "<video controls"])
    {
        let (url, description) = (file.url(), file.description.clone());
        let figure = html(|| view! { <MediaFigure file/> });
        assert!(figure.contains(element), "{figure}");
        assert!(
            figure.contains(&url) && figure.contains(&format!("\"{description}\"")),
            "{figure}"
        );
        assert_eq!(text(&figure), format!("{description} Open Save"));
    }
}

#[test]
fn other_media_types_can_be_opened_and_saved() {
    let mut file = samples::files().remove(0);
    file.media_type = "application/pdf".to_owned();
    let figure = html(|| view! { <MediaFigure file/> });
    assert!(
        !figure.contains("<img") && text(&figure).ends_with("Open Save"),
        "{figure}"
    );
}
