//! A parsed prompt: its text and words, and a description and file name made from it.

use crate::server::assistant::tool::TITLE_MAX_CHARS;

/// Maximum length of a prompt, in characters.
pub const PROMPT_MAX_CHARS: usize = 500;
/// Maximum length of a file name without its extension, in characters.
const NAME_MAX_CHARS: usize = 48;

/// A prompt of 1 to [`PROMPT_MAX_CHARS`] characters on one line, trimmed.
#[derive(Clone, Debug)]
pub struct Prompt {
    text: String,
    words: Vec<String>,
}

impl Prompt {
    /// Parses a prompt; `None` if the text is empty or too long.
    pub fn parse(text: &str) -> Option<Self> {
        let text = one_line(text);
        let words = text
            .split(|c: char| !c.is_alphanumeric())
            .map(str::to_lowercase)
            .filter(|word| !word.is_empty())
            .collect();
        (1..=PROMPT_MAX_CHARS)
            .contains(&text.chars().count())
            .then_some(Self { text, words })
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether one of the words occurs, alone or with a plural s.
    pub fn has(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| {
            words.contains(&word.as_str())
                || word
                    .strip_suffix('s')
                    .is_some_and(|stem| words.contains(&stem))
        })
    }

    /// The prompt as a caption: "A lighthouse at dusk".
    pub fn description(&self) -> String {
        let mut chars = self.text.chars();
        let sentence: String = chars
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .chain(chars)
            .collect();
        cut(&sentence, TITLE_MAX_CHARS)
    }

    /// A file name: "a-lighthouse-at-dusk.svg".
    pub fn file_name(&self, fallback: &str, extension: &str) -> String {
        let words: Vec<_> = self
            .words
            .iter()
            .filter(|word| word.is_ascii())
            .map(String::as_str)
            .collect();
        let joined: String = words.join("-").chars().take(NAME_MAX_CHARS).collect();
        let stem = joined.trim_end_matches('-');
        format!(
            "{}.{extension}",
            if stem.is_empty() { fallback } else { stem }
        )
    }
}

/// Replaces every run of white space and control characters by one space.
pub fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Cuts a text to at most `max` characters; the last one is an ellipsis if something was cut.
pub fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some(_) => text.chars().take(max - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whole_in_any_case_and_in_plural() {
        let prompt = Prompt::parse("Two CATS dancing near a cathedral, slowly and fail-safe")
            .expect("a short prompt");
        assert!(prompt.has(&["cat"]) && prompt.has(&["cathedral"]) && prompt.has(&["fail"]));
        assert!(!prompt.has(&["cathedra", "slow", "tree"]));
    }

    #[test]
    fn descriptions_and_file_names_are_short_lines() {
        let prompt = Prompt::parse(" a lighthouse\n at dusk ").expect("a short prompt");
        assert_eq!(prompt.description(), "A lighthouse at dusk");
        assert_eq!(
            prompt.file_name("picture", "svg"),
            "a-lighthouse-at-dusk.svg"
        );
        let long = Prompt::parse(&"ж".repeat(500)).expect("a prompt of maximum length");
        assert_eq!(long.description().chars().count(), TITLE_MAX_CHARS);
        assert_eq!(long.file_name("film", "webm"), "film.webm");
    }

    #[test]
    fn empty_and_too_long_prompts_are_rejected() {
        assert!(Prompt::parse(" \n ").is_none());
        assert!(Prompt::parse(&"x".repeat(501)).is_none());
    }
}
