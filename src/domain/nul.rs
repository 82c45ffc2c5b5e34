//! NUL in text. PostgreSQL cannot store it in text and it is invisible, so input turns it into ␀
//! (U+2400).
//!
//! Text stored by releases before that has NUL as it is, or as U+FDD0 U+FDD1, and U+FDD0 itself as
//! U+FDD0 U+FDD2. It is not rewritten; [`read`] is applied wherever stored text is read.

use crate::domain::Metadata;
use serde_json::{Map, Value};

/// The symbol that replaces NUL.
pub const SYMBOL: char = '\u{2400}';
/// The noncharacter that begins an old escape of NUL.
pub const SIGN: char = '\u{fdd0}';

/// Prepares input for storage: NUL becomes ␀, and U+FDD0 becomes U+FFFD, so that new text never
/// contains an old escape. It works character by character, so streamed text may be cleaned in
/// chunks.
pub fn clean(text: &mut String) {
    if text.contains(['\0', SIGN]) {
        *text = text.replace('\0', "\u{2400}").replace(SIGN, "\u{fffd}");
    }
}

/// Decodes stored text: NUL and its old escape become ␀, the escape of U+FDD0 becomes U+FDD0.
/// Idempotent. Packed rows and objects, which old releases wrote without escapes, read the same as
/// rows with escapes, so an entry equals its copy in another tier whichever release wrote either.
pub fn read(text: &mut String) {
    if !text.contains(['\0', SIGN]) {
        return;
    }
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\0' => out.push(SYMBOL),
            '\u{fdd1}' if out.ends_with(SIGN) => {
                out.pop();
                out.push(SYMBOL);
            }
            '\u{fdd2}' if out.ends_with(SIGN) => {}
            _ => out.push(letter),
        }
    }
    *text = out;
}

/// Applies [`clean`] or [`read`] to all text of an entry.
pub fn map_entry(
    change: fn(&mut String),
    title: &mut String,
    details: &mut Option<String>,
    metadata: &mut Metadata,
) {
    change(title);
    details.iter_mut().for_each(change);
    map_fields(change, &mut metadata.0);
}

/// Applies `change` to every name and string in a JSON object. If two names become equal, the last
/// field wins.
pub fn map_fields(change: fn(&mut String), fields: &mut Map<String, Value>) {
    fields
        .values_mut()
        .for_each(|value| map_value(change, value));
    if fields.keys().any(|name| name.contains(['\0', SIGN])) {
        for (mut name, value) in std::mem::take(fields) {
            change(&mut name);
            fields.insert(name, value);
        }
    }
}

fn map_value(change: fn(&mut String), value: &mut Value) {
    match value {
        Value::String(text) => change(text),
        Value::Array(values) => values.iter_mut().for_each(|value| map_value(change, value)),
        Value::Object(fields) => map_fields(change, fields),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// Escapes text as old releases wrote rows.
    fn escaped(text: &str) -> String {
        text.replace(SIGN, "\u{fdd0}\u{fdd2}")
            .replace('\0', "\u{fdd0}\u{fdd1}")
    }

    fn applied(change: fn(&mut String), text: &str) -> String {
        let mut text = text.to_owned();
        change(&mut text);
        text
    }

    #[test]
    fn old_escapes_are_decoded() {
        for (stored, text) in [
            ("a\u{fdd0}\u{fdd1}b", "a␀b"),
            ("a\0b", "a␀b"),
            ("a\u{fdd0}\u{fdd2}b", "a\u{fdd0}b"),
            ("\u{fdd0}\u{fdd2}\u{fdd0}\u{fdd1}", "\u{fdd0}␀"),
            ("a\u{fdd0}", "a\u{fdd0}"),
            ("\u{fdd1}\u{fdd2}", "\u{fdd1}\u{fdd2}"),
            (r"six characters: \u0000", r"six characters: \u0000"),
            ("␀ typed", "␀ typed"),
        ] {
            assert_eq!(applied(read, stored), text, "{stored:?}");
        }
    }

    #[test]
    fn names_and_strings_of_metadata_are_changed_at_any_depth() {
        let mut facts = json!({
            "n\0": ["a\0", {"m\0": "b\0", "seven": 7}],
            "raw": r"\u0000",
        });
        map_value(clean, &mut facts);
        let cleaned = json!({
            "n␀": ["a␀", {"m␀": "b␀", "seven": 7}],
            "raw": r"\u0000",
        });
        assert_eq!(facts, cleaned);
    }

    proptest! {
        #[test]
        fn old_text_reads_the_same_with_and_without_escapes(
            text in "[\0\u{fdd0}\u{fdd1}\u{fdd2}a]{0,12}"
        ) {
            let once = applied(read, &text);
            prop_assert!(!once.contains('\0'));
            prop_assert_eq!(&applied(read, &escaped(&text)), &once);
            prop_assert_eq!(&applied(read, &once), &once);
            if !text.contains("\u{fdd0}\u{fdd1}") && !text.contains("\u{fdd0}\u{fdd2}") {
                prop_assert_eq!(once, text.replace('\0', "␀"));
            }
        }

        #[test]
        fn text_cleaned_in_chunks_equals_text_cleaned_at_once(
            chunks in proptest::collection::vec("[\0\u{fdd0}\u{fdd1}\u{fdd2}a]{0,3}", 0..6)
        ) {
            let whole = applied(clean, &chunks.concat());
            let joined: String = chunks.iter().map(|chunk| applied(clean, chunk)).collect();
            prop_assert!(!whole.contains(['\0', SIGN]));
            prop_assert_eq!(&joined, &whole);
            prop_assert_eq!(&applied(read, &whole), &whole);
        }
    }
}
