//! Masks a text that arrives in chunks: a word is passed on once it is complete, a private key
//! block once it has ended.

use super::{
    mask,
    shapes::{KEY_BEGIN, KEY_DASHES, KEY_END},
};

/// A word longer than this is let through in parts: nobody waits for ever for its end. No key is
/// that long.
const WORD_MAX: usize = 8 * 1024;

/// Lets text through without its secrets, in order and without ever taking anything back.
#[derive(Debug, Default)]
pub struct MaskingStream {
    /// What came since the last whole line that was let through.
    raw: String,
    /// How many bytes of `raw`, masked, were let through.
    through: usize,
    /// Secrets in the lines before `raw`.
    before: usize,
    /// Secrets in `raw` so far.
    here: usize,
}

impl MaskingStream {
    /// Takes more text in; what may be shown now comes out.
    pub fn push(&mut self, text: &str) -> String {
        self.raw.push_str(text);
        let upto = settled(&self.raw);
        self.let_through(upto)
    }

    /// There is no more to come: the rest comes out.
    pub fn finish(&mut self) -> String {
        self.let_through(self.raw.len())
    }

    /// How many secrets were masked so far.
    pub fn masked(&self) -> usize {
        self.before + self.here
    }

    fn let_through(&mut self, upto: usize) -> String {
        let (masked, count) = mask(&self.raw[..upto]);
        self.here = count;
        let fresh = masked.get(self.through..).unwrap_or_default().to_owned();
        self.through = self.through.max(masked.len());
        if let Some(line_end) = self.raw[..upto].rfind('\n') {
            let (done, count) = mask(&self.raw[..=line_end]);
            self.before += count;
            self.here -= count.min(self.here);
            self.through = self.through.saturating_sub(done.len());
            self.raw.drain(..=line_end);
        }
        fresh
    }
}

/// How far the text can be judged: up to the last white space or letter that is in no key, and not
/// into a private key block that has not ended.
fn settled(text: &str) -> usize {
    let ends_a_word = |c: char| c.is_whitespace() || !c.is_ascii();
    let word_end = text
        .char_indices()
        .rfind(|(_, c)| ends_a_word(*c))
        .map_or(0, |(at, c)| at + c.len_utf8());
    let word_end = if text.len() - word_end > WORD_MAX {
        text.len()
    } else {
        word_end
    };
    match text.rfind(KEY_BEGIN.trim_end()) {
        Some(block) if text.len() - block < WORD_MAX && word_end < block_end(text, block) => {
            word_end.min(block)
        }
        _ => word_end,
    }
}

/// Where the block that begins at `block` ends; never, as long as its last line is not whole.
fn block_end(text: &str, block: usize) -> usize {
    let last_line = text[block..]
        .find(KEY_END)
        .map(|at| block + at + KEY_END.len());
    let end = last_line
        .and_then(|label| Some(label + text[label..].find(KEY_DASHES)? + KEY_DASHES.len()));
    end.unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "gsk_abcdefghijklmnopqrstuvwx1234567890";
    const BLOCK: &str =
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQ==\n-----END PRIVATE KEY-----";

    fn through(pieces: &[&str]) -> (String, usize) {
        let mut gate = MaskingStream::default();
        let mut out: String = pieces.iter().map(|piece| gate.push(piece)).collect();
        out.push_str(&gate.finish());
        (out, gate.masked())
    }

    #[test]
    fn words_come_out_as_soon_as_they_are_whole() {
        let mut gate = MaskingStream::default();
        assert_eq!(
            [
                gate.push("Hel"),
                gate.push("lo wor"),
                gate.push("ld\n"),
                gate.push("你好")
            ],
            ["", "Hello ", "world\n", "你好"]
        );
    }

    #[test]
    fn a_key_in_pieces_never_comes_out() {
        let (out, count) = through(&[
            "The key is gsk_abcdefghij",
            "klmnopqrstuvwx",
            "1234567890, keep it",
        ]);
        assert_eq!((out.as_str(), count), ("The key is [masked], keep it", 1));
    }

    #[test]
    fn a_key_block_in_pieces_never_comes_out() {
        let text = format!("Here:\n{BLOCK}\nThat was it.");
        let pieces: Vec<String> = text.chars().map(String::from).collect();
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        assert_eq!(through(&pieces), (mask(&text).0, 1));
    }

    proptest! {
        #[test]
        fn however_it_is_cut_it_comes_out_as_if_it_were_whole(
            words in proptest::collection::vec(prop_oneof![Just("plain ".to_owned()), Just(format!("{KEY} ")), Just("é\n".to_owned()), Just(format!("{BLOCK}\n")), Just("password=hunter22 ".to_owned())], 0..12),
            cuts in proptest::collection::vec(0usize..400, 0..12),
        ) {
            let text: String = words.concat();
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| text.is_char_boundary(*cut)).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&str> = cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect();
            prop_assert_eq!(through(&pieces), mask(&text));
        }
    }
}
