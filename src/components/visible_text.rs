//! Text from models, tools and programs with its invisible characters made visible: what cannot be
//! seen can mislead.

use std::borrow::Cow;

/// One line: line breaks and tabs are shown as well.
pub fn visible_line(text: &str) -> Cow<'_, str> {
    shown(text, |_| false)
}

/// Many lines: line breaks and tabs stay what they are.
pub fn visible_text(text: &str) -> Cow<'_, str> {
    shown(text, |c| matches!(c, '\n' | '\t'))
}

fn shown(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(|c| is_invisible(c) && !stays(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.replace("\r\n", "\n").chars() {
        match u32::from(c) {
            _ if !is_invisible(c) || stays(c) => out.push(c),
            code @ 0..0x20 => out.extend(char::from_u32(0x2400 + code)),
            0x7f => out.push('\u{2421}'),
            code => out.push_str(&format!("[U+{code:04X}]")),
        }
    }
    Cow::Owned(out)
}

/// Control characters, and the marks that reorder or hide text (Unicode 16, section 23.2 and UAX #9).
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_shown() {
        for (raw, line, text) in [
            ("plain ä 漢 👩‍💻", "plain ä 漢 👩‍💻", "plain ä 漢 👩‍💻"),
            ("a\0b", "a␀b", "a␀b"),
            ("a\u{1b}[31m", "a␛[31m", "a␛[31m"),
            (
                "photo\u{202e}gpj.exe",
                "photo[U+202E]gpj.exe",
                "photo[U+202E]gpj.exe",
            ),
            (
                "zero\u{200b}width",
                "zero[U+200B]width",
                "zero[U+200B]width",
            ),
            ("one\r\ntwo\tthree", "one␊two␉three", "one\ntwo\tthree"),
            ("del\u{7f}\u{85}", "del␡[U+0085]", "del␡[U+0085]"),
        ] {
            assert_eq!(visible_line(raw), line, "{raw:?}");
            assert_eq!(visible_text(raw), text, "{raw:?}");
        }
    }
}
