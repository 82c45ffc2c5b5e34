//! Comments and trailing commas, which VS Code and others accept in JSON.

/// `text` with blanks in place of comments and trailing commas. Strings stay as they are.
pub(super) fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '"' => string_length(rest),
            '/' if rest.starts_with("//") => {
                plain.push(' ');
                rest = rest.find('\n').map_or("", |end| &rest[end..]);
                continue;
            }
            '/' if rest.starts_with("/*") => {
                plain.push(' ');
                rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
                continue;
            }
            '}' | ']' => {
                let end = plain.trim_end().len();
                if plain[..end].ends_with(',') {
                    plain.truncate(end - 1);
                }
                1
            }
            c => c.len_utf8(),
        };
        plain.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    plain
}

/// The length of the string at the start, with its quotes.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn comments_and_trailing_commas_are_removed_outside_strings() {
        let text = "// first\n{\"a\": \"//x, /* \\\" ]\", /* second, */ \"b\": [1, 2, ], }//";
        let value: Value = serde_json::from_str(&without_comments(text)).unwrap_or_default();
        assert_eq!(value, json!({ "a": "//x, /* \" ]", "b": [1, 2] }));
    }
}
