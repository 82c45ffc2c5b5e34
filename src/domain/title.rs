//! A conversation's title, made from its first message.

/// Longest title, in characters.
pub const CONVERSATION_TITLE_MAX_CHARS: usize = 100;
/// Where a title made from a message is cut, in characters.
const CUT_NEAR: usize = 50;

/// The first words of a message without Markdown marks, cut at a word near 50 characters.
pub fn title_of(message: &str) -> String {
    let plain: String = message
        .chars()
        .filter(|c| !matches!(c, '#' | '*' | '`' | '>' | '_' | '~' | '[' | ']'))
        .collect();
    let mut title = String::new();
    for word in plain.split_whitespace() {
        if title.chars().count() + 1 + word.chars().count() > CUT_NEAR && !title.is_empty() {
            title.push('…');
            break;
        }
        if !title.is_empty() {
            title.push(' ');
        }
        title.extend(word.chars().take(CUT_NEAR));
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
    fn titles_by_table() {
        for (message, title) in [
            ("Hello", "Hello"),
            ("# Paint **me**\na `tree`", "Paint me a tree"),
            ("   ", "New conversation"),
            (
                "Please tell me everything there is to know about lighthouses",
                "Please tell me everything there is to know about…",
            ),
        ] {
            assert_eq!(title_of(message), title);
        }
        assert_eq!(title_of(&"x".repeat(400)).chars().count(), CUT_NEAR);
    }
}
