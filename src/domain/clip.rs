//! Cuts the assistant's output to the size limits of an entry and notes what was cut.

use super::{DETAILS_MAX_BYTES, ENTRY_TITLE_MAX_CHARS, METADATA_MAX_BYTES, Metadata};
use crate::domain::nul;
use serde_json::Value;

/// Space reserved for the note about what was cut.
const NOTE_BYTES: usize = 64;

/// The first [`ENTRY_TITLE_MAX_CHARS`] characters on one line, with an ellipsis if any were cut.
pub fn clip_title(title: &str) -> String {
    let line = title.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(ENTRY_TITLE_MAX_CHARS) {
        None if line.is_empty() => "Untitled".to_owned(),
        None => line,
        Some(_) => line
            .chars()
            .take(ENTRY_TITLE_MAX_CHARS - 1)
            .chain(['…'])
            .collect(),
    }
}

/// The details up to the limit, with a note of how many bytes were left out.
pub fn clip_details(mut details: String) -> String {
    nul::clean(&mut details);
    let total = details.len();
    if total <= DETAILS_MAX_BYTES {
        return details;
    }
    let end = details.floor_char_boundary(DETAILS_MAX_BYTES - NOTE_BYTES);
    details.truncate(end);
    details.push_str(&format!("\n… {} bytes left out", total - end));
    details
}

/// Replaces the largest values by a note of their length until the metadata fits.
pub fn clip_metadata(mut metadata: Metadata) -> Metadata {
    while Value::Object(metadata.0.clone()).to_string().len() > METADATA_MAX_BYTES {
        let longest = metadata
            .0
            .iter_mut()
            .max_by_key(|(_, value)| value.to_string().len());
        match longest {
            Some((_, value)) if value.to_string().len() > NOTE_BYTES => {
                *value = Value::String(format!("{} bytes left out", value.to_string().len()));
            }
            _ => metadata.0.clear(),
        }
    }
    metadata
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn clipped_values_fit_their_limits(
            title in ".{0,300}", long in "[a-zé]{0,80}", times in 1usize..2_000,
        ) {
            let chars = clip_title(&title).chars().count();
            prop_assert!((1..=ENTRY_TITLE_MAX_CHARS).contains(&chars));
            prop_assert!(clip_details(long.repeat(times)).len() <= DETAILS_MAX_BYTES);
            let metadata = Metadata::default().with("a", long.repeat(times)).with("b", 1);
            let metadata = Value::Object(clip_metadata(metadata).0);
            prop_assert!(metadata.to_string().len() <= METADATA_MAX_BYTES);
        }
    }

    #[test]
    fn clipped_text_notes_how_much_was_left_out() {
        assert!(clip_details("x".repeat(70_000)).ends_with("… 4528 bytes left out"));
        assert_eq!(clip_details("short".into()), "short");
        let clipped = clip_details("\0".repeat(30_000));
        assert!(clipped.starts_with('␀') && clipped.len() <= DETAILS_MAX_BYTES);
        assert_eq!(
            clip_metadata(
                Metadata::default()
                    .with("error", "e".repeat(20_000))
                    .with("model", "m")
            )
            .text("model"),
            Some("m")
        );
    }
}
