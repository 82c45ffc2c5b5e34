//! Shows characters that a reader cannot see, so that nobody approves more than they read.

use std::borrow::Cow;
use unicode_general_category::{GeneralCategory, get_general_category};

/// `text` with every character that is not a letter, mark, number, punctuation, symbol, plain space
/// or newline as `[U+200B]`, and so are those of these kinds that are drawn as nothing.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_visible) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_visible(c) {
            shown.push(c);
        } else {
            shown.push_str(&format!("[U+{:04X}]", u32::from(c)));
        }
    }
    Cow::Owned(shown)
}

fn is_visible(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~' | '\n');
    }
    !is_blank(c)
        && !matches!(
            get_general_category(c),
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::Surrogate
                | GeneralCategory::PrivateUse
                | GeneralCategory::Unassigned
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
                | GeneralCategory::SpaceSeparator
        )
}

/// Letters, marks and symbols that are drawn as nothing: fillers, joiners, variation selectors.
const fn is_blank(c: char) -> bool {
    matches!(
        c,
        '\u{34f}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}'
            | '\u{1d159}'
            | '\u{e0100}'..='\u{e01ef}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_sees_stays_and_everything_else_is_named() {
        for text in [
            "two\nlines, 100 % of €5 (ünïcödé)",
            "日本語、한국어 और हिन्दी ",
            "e\u{301} ✓ 🎉 ½ ٣ ⅷ ∑ «»",
        ] {
            assert_eq!(visible(text), text);
        }
        for (c, name) in [
            ('\u{200b}', "zero width space"),
            ('\u{200d}', "zero width joiner"),
            ('\u{2060}', "word joiner"),
            ('\u{feff}', "byte order mark"),
            ('\u{ad}', "soft hyphen"),
            ('\u{61c}', "Arabic letter mark"),
            ('\u{202e}', "right-to-left override"),
            ('\u{2066}', "left-to-right isolate"),
            ('\u{e0041}', "tag"),
            ('\u{fe0f}', "variation selector"),
            ('\u{e0101}', "supplementary variation selector"),
            ('\u{180b}', "Mongolian variation selector"),
            ('\u{34f}', "combining grapheme joiner"),
            ('\u{3164}', "Hangul filler"),
            ('\u{2800}', "Braille blank"),
            ('\u{a0}', "no-break space"),
            ('\u{3000}', "ideographic space"),
            ('\u{2028}', "line separator"),
            ('\u{e000}', "private use"),
            ('\u{378}', "unassigned"),
            ('\u{fff9}', "interlinear annotation"),
            ('\t', "tab"),
            ('\r', "carriage return"),
            ('\u{1b}', "escape"),
            ('\u{85}', "next line"),
            ('\0', "NUL"),
        ] {
            let shown = format!("a[U+{:04X}]b", u32::from(c));
            assert_eq!(visible(&format!("a{c}b")), shown, "{name}");
        }
    }
}
