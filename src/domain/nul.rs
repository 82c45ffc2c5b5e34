//! NUL in text. PostgreSQL's text cannot hold it and it cannot be seen, so on input it becomes ␀
//! (U+2400).
//!
//! Earlier versions stored NUL as it is, or as U+FDD0 U+FDD1, and U+FDD0 itself as U+FDD0 U+FDD2.
//! What they stored is not rewritten; [`read`] is applied wherever stored text is read.

use crate::domain::Metadata;
use serde_json::{Map, Value};

/// What stands for NUL.
pub const SYMBOL: char = '\u{2400}';
/// The noncharacter with which earlier versions began the sign for NUL.
pub const SIGN: char = '\u{fdd0}';

/// Turns input into what is stored: NUL becomes ␀, and U+FDD0 becomes U+FFFD, so that no new text
/// reads as the sign of an earlier version. It works character by character, so text that comes in
/// pieces may be cleaned piece by piece.
pub fn clean(text: &mut String) {
    if text.contains(['\0', SIGN]) {
        *text = text.replace('\0', "\u{2400}").replace(SIGN, "\u{fffd}");
    }
}

/// Turns stored text into what is read: NUL and its sign become ␀, the sign for U+FDD0 becomes
/// U+FDD0. Reading the result again changes nothing, and packed rows and objects, which earlier
/// versions wrote without signs, read the same as rows with signs. So an entry equals its copy in
/// another tier, whichever version wrote either.
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

/// Applies [`clean`] or [`read`] to every text of an entry.
pub fn in_entry(
    change: fn(&mut String),
    title: &mut String,
    details: &mut Option<String>,
    metadata: &mut Metadata,
) {
    change(title);
    details.iter_mut().for_each(change);
    in_fields(change, &mut metadata.0);
}

/// Applies `change` to every name and text in a JSON object. Of two fields whose names become
/// equal, the last one counts.
pub fn in_fields(change: fn(&mut String), fields: &mut Map<String, Value>) {
    fields
        .values_mut()
        .for_each(|value| in_value(change, value));
    if fields.keys().any(|name| name.contains(['\0', SIGN])) {
        for (mut name, value) in std::mem::take(fields) {
            change(&mut name);
            fields.insert(name, value);
        }
    }
}

fn in_value(change: fn(&mut String), value: &mut Value) {
    match value {
        Value::String(text) => change(text),
        Value::Array(values) => values.iter_mut().for_each(|value| in_value(change, value)),
        Value::Object(fields) => in_fields(change, fields),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// As earlier versions wrote rows.
    fn with_signs(text: &str) -> String {
        text.replace(SIGN, "\u{fdd0}\u{fdd2}")
            .replace('\0', "\u{fdd0}\u{fdd1}")
    }

    fn changed(change: fn(&mut String), text: &str) -> String {
        let mut text = text.to_owned();
        change(&mut text);
        text
    }

    #[test]
    fn old_text_reads_with_the_symbol_and_the_literal_sign() {
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
            assert_eq!(changed(read, stored), text, "{stored:?}");
        }
    }

    #[test]
    fn names_and_texts_of_metadata_are_changed_at_any_depth() {
        let mut facts = json!({
            "n\0": ["a\0", {"m\0": "b\0", "seven": 7}],
            "raw": r"\u0000",
        });
        in_value(clean, &mut facts);
        let cleaned = json!({
            "n␀": ["a␀", {"m␀": "b␀", "seven": 7}],
            "raw": r"\u0000",
        });
        assert_eq!(facts, cleaned);
    }

    proptest! {
        #[test]
        fn a_text_of_before_reads_the_same_with_signs_and_without(
            text in "[\0\u{fdd0}\u{fdd1}\u{fdd2}a]{0,12}"
        ) {
            let once = changed(read, &text);
            prop_assert!(!once.contains('\0'));
            prop_assert_eq!(&changed(read, &with_signs(&text)), &once);
            prop_assert_eq!(&changed(read, &once), &once);
            if !text.contains("\u{fdd0}\u{fdd1}") && !text.contains("\u{fdd0}\u{fdd2}") {
                prop_assert_eq!(once, text.replace('\0', "␀"));
            }
        }

        #[test]
        fn new_text_reads_as_it_was_cleaned_whole_or_in_pieces(
            pieces in proptest::collection::vec("[\0\u{fdd0}\u{fdd1}\u{fdd2}a]{0,3}", 0..6)
        ) {
            let whole = changed(clean, &pieces.concat());
            let joined: String = pieces.iter().map(|piece| changed(clean, piece)).collect();
            prop_assert!(!whole.contains(['\0', SIGN]));
            prop_assert_eq!(&joined, &whole);
            prop_assert_eq!(&changed(read, &whole), &whole);
        }
    }
}
