//! The title of a conversation, made from its first message.

/// Maximum length of a title, in characters.
pub const CONVERSATION_TITLE_MAX_CHARS: usize = 100;
/// Length at which a generated title is cut, in characters.
const GENERATED_TITLE_CHARS: usize = 50;

/// The first words of a message without Markdown syntax, cut at a word boundary near 50 characters.
pub fn title_from_message(message: &str) -> String {
    let plain: String = message
        .chars()
        .filter(|c| !matches!(c, '#' | '*' | '`' | '>' | '_' | '~' | '[' | ']'))
        .collect();
    let mut title = String::new();
    for word in plain.split_whitespace() {
        let chars = title.chars().count() + 1 + word.chars().count();
        if chars > GENERATED_TITLE_CHARS && !title.is_empty() {
            title.push('…');
            break;
        }
        if !title.is_empty() {
            title.push(' ');
        }
        title.extend(word.chars().take(GENERATED_TITLE_CHARS));
    }
    if title.is_empty() {
        "New conversation".to_owned()
    } else {
        title
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_made_from_the_first_words() {
        for (message, title) in [
            ("Hello", "Hello"),
            ("# Paint **me**\na `tree`", "Paint me a tree"),
            ("   ", "New conversation"),
            (
                "Please tell me everything there is to know about lighthouses",
                "Please tell me everything there is to know about…",
            ),
        ] {
            assert_eq!(title_from_message(message), title);
        }
        let long = title_from_message(&"x".repeat(400));
        assert_eq!(long.chars().count(), GENERATED_TITLE_CHARS);
    }
}
