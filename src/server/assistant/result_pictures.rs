//! Pictures in the results of tools, for models that see pictures. The user sees them anyway.

use super::{
    model::{PromptImage, PromptMessage},
    tool::ProducedFile,
};

/// Media types of pictures that models see.
const TYPES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
/// Maximum number of pictures in a request, newest first.
const PICTURES_MAX: usize = 8;
/// Maximum size of a picture in bytes; providers accept about this.
const PICTURE_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Maximum size in bytes of all pictures in a request, newest first.
const TOTAL_MAX_BYTES: usize = 12 * 1024 * 1024;

/// The pictures in results, and what is not shown to the model.
#[derive(Default)]
pub(super) struct ResultPictures {
    pictures: Vec<PromptImage>,
    notes: String,
}

impl ResultPictures {
    /// The pictures among the files of a result.
    pub(super) fn of(files: &[ProducedFile]) -> Self {
        let mut found = Self::default();
        let is_picture = |file: &&ProducedFile| TYPES.contains(&file.media_type);
        for file in files.iter().filter(is_picture) {
            if file.bytes.len() > PICTURE_MAX_BYTES {
                let note = format!("\n[{} is too large to be shown to you.]", file.name);
                found.notes.push_str(&note);
                continue;
            }
            found.pictures.push(PromptImage {
                media_type: file.media_type.to_owned(),
                name: file.name.clone(),
                bytes: file.bytes.clone().into(),
            });
        }
        found
    }

    /// Adds those of another result.
    pub(super) fn append(&mut self, other: Self) {
        self.pictures.extend(other.pictures);
        self.notes.push_str(&other.notes);
    }

    /// The message that follows the results; none without pictures.
    pub(super) fn message(self) -> Option<PromptMessage> {
        let is_empty = self.pictures.is_empty() && self.notes.is_empty();
        (!is_empty).then(|| PromptMessage::result_pictures(self.pictures, &self.notes))
    }
}

/// Removes the oldest pictures of results beyond the limits of a request.
pub(super) fn limit(messages: &mut [PromptMessage]) {
    let (mut count, mut bytes) = (0, 0);
    let of_results = messages
        .iter_mut()
        .rev()
        .filter(|message| message.is_result_pictures());
    for message in of_results {
        let PromptMessage::User(text, pictures) = message else {
            continue;
        };
        let before = pictures.len();
        // the newest are the last ones
        pictures.reverse();
        pictures.retain(|picture| {
            count += 1;
            bytes += picture.bytes.len();
            count <= PICTURES_MAX && bytes <= TOTAL_MAX_BYTES
        });
        pictures.reverse();
        let removed = before - pictures.len();
        if removed > 0 {
            text.push_str(&format!("\n[{removed} of them are not shown again.]"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, media_type: &'static str, bytes: usize) -> ProducedFile {
        ProducedFile {
            bytes: vec![0; bytes],
            media_type,
            name: name.to_owned(),
            description: String::new(),
        }
    }

    fn names(message: &PromptMessage) -> Vec<&str> {
        let PromptMessage::User(_, pictures) = message else {
            panic!("{message:?}")
        };
        pictures
            .iter()
            .map(|picture| picture.name.as_str())
            .collect()
    }

    #[test]
    fn pictures_that_models_see_are_shown_and_large_ones_are_named() {
        let files = [
            file("a.png", "image/png", 9),
            file("b.svg", "image/svg+xml", 9),
            file("c.wav", "audio/wav", 9),
            file("d.jpg", "image/jpeg", PICTURE_MAX_BYTES + 1),
        ];
        let message = ResultPictures::of(&files).message().expect("a message");
        assert_eq!(names(&message), ["a.png"]);
        let PromptMessage::User(text, _) = &message else {
            panic!()
        };
        assert!(text.contains("[d.jpg is too large"), "{text}");
        assert!(ResultPictures::of(&files[1..3]).message().is_none());
    }

    #[test]
    fn the_newest_pictures_of_a_turn_are_kept() {
        let round = |n: usize| {
            let files = [0, 1, 2].map(|at| file(&format!("{n}{at}"), "image/png", 9));
            ResultPictures::of(&files).message().expect("a message")
        };
        let own = PromptMessage::User("mine".to_owned(), Vec::new());
        let mut messages = vec![round(0), own.clone(), round(1), round(2)];
        limit(&mut messages);
        assert_eq!(names(&messages[0]), ["01", "02"]);
        assert_eq!(
            (names(&messages[2]).len(), names(&messages[3]).len()),
            (3, 3)
        );
        assert_eq!(messages[1], own);
        let large = [file("old", "image/png", PICTURE_MAX_BYTES)];
        let mut messages = [(); 4].map(|()| ResultPictures::of(&large).message().expect("one"));
        limit(&mut messages);
        let left = messages.iter().map(|message| names(message).len());
        assert_eq!(left.collect::<Vec<_>>(), [0, 1, 1, 1]);
    }
}
