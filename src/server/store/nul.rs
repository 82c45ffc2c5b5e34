//! NUL in text: PostgreSQL's text cannot hold it, so both databases hold it in disguise. A piece of text in disguise is a piece of the
//! whole in disguise, so that what is looked for is found. Rows of before there was a disguise are read as if they had one: nobody
//! writes these characters.

/// A character that stands for nothing by itself (Unicode calls it a noncharacter) begins the disguise, also of itself.
const SIGN: char = '\u{fdd0}';
const NUL: &str = "\u{fdd0}\u{fdd1}";
const ITSELF: &str = "\u{fdd0}\u{fdd2}";

/// Text as the databases hold it.
pub(super) fn disguised(text: &str) -> String {
    if text.contains(['\0', SIGN]) {
        text.replace(SIGN, ITSELF).replace('\0', NUL)
    } else {
        text.to_owned()
    }
}

/// The text that a database holds.
pub(super) fn plain(text: String) -> String {
    if text.contains(SIGN) {
        text.replace(NUL, "\0").replace(ITSELF, "\u{fdd0}")
    } else {
        text
    }
}

/// In the words of people and of models a space stands in for NUL: bounds and sizes stay as they are.
pub(super) fn spaced(text: &mut String) {
    if text.contains('\0') {
        *text = text.replace('\0', " ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_in_disguise_has_no_nul_and_comes_back(text in "[\0\u{fdd0}\u{fdd1}\u{fdd2}a]{0,12}") {
            prop_assert!(!disguised(&text).contains('\0'));
            prop_assert_eq!(plain(disguised(&text)), text);
        }
    }
}
