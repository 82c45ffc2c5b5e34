//! Masks a text that arrives in chunks: a word is passed on once it is complete, a private key
//! block once it has ended.

use super::{
    mask,
    shapes::{KEY_BEGIN, KEY_DASHES, KEY_END},
};

/// A word longer than this, in bytes, is passed on in parts, so that its end is not waited for
/// forever. No key is that long.
const WORD_MAX: usize = 8 * 1024;

/// Masks secrets in a stream of text. Text that was passed on never changes.
#[derive(Debug, Default)]
pub struct MaskingStream {
    /// Text received since the last complete line that was passed on.
    raw: String,
    /// Number of bytes of the masked `raw` that were passed on.
    passed_on: usize,
    /// Number of secrets in the lines before `raw`.
    count_before: usize,
    /// Number of secrets in the part of `raw` that was passed on.
    count_raw: usize,
}

impl MaskingStream {
    /// Adds a chunk and returns the masked text that is complete.
    pub fn push(&mut self, text: &str) -> String {
        self.raw.push_str(text);
        let end = complete_len(&self.raw);
        self.pass_on(end)
    }

    /// Returns the rest of the masked text, after the last chunk.
    pub fn finish(&mut self) -> String {
        self.pass_on(self.raw.len())
    }

    /// The number of secrets masked so far.
    pub fn masked(&self) -> usize {
        self.count_before + self.count_raw
    }

    fn pass_on(&mut self, end: usize) -> String {
        let (masked, count) = mask(&self.raw[..end]);
        self.count_raw = count;
        let fresh = masked.get(self.passed_on..).unwrap_or_default().to_owned();
        self.passed_on = self.passed_on.max(masked.len());
        if let Some(line_end) = self.raw[..end].rfind('\n') {
            let (done, count) = mask(&self.raw[..=line_end]);
            self.count_before += count;
            self.count_raw -= count.min(self.count_raw);
            self.passed_on = self.passed_on.saturating_sub(done.len());
            self.raw.drain(..=line_end);
        }
        fresh
    }
}

/// Length of the part of `text` that can be masked: up to the last white space or non-ASCII
/// character, without a private key block that has not ended.
fn complete_len(text: &str) -> usize {
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

/// The end of the private key block that begins at `block`; `usize::MAX` while its last line is
/// incomplete.
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

    fn mask_chunks(chunks: &[&str]) -> (String, usize) {
        let mut stream = MaskingStream::default();
        let mut out: String = chunks.iter().map(|chunk| stream.push(chunk)).collect();
        out.push_str(&stream.finish());
        (out, stream.masked())
    }

    #[test]
    fn complete_words_are_passed_on_at_once() {
        let mut stream = MaskingStream::default();
        assert_eq!(
            [
                stream.push("Hel"),
                stream.push("lo wor"),
                stream.push("ld\n"),
                stream.push("你好")
            ],
            ["", "Hello ", "world\n", "你好"]
        );
    }

    #[test]
    fn a_key_split_across_chunks_is_masked() {
        let (out, count) = mask_chunks(&[
            "The key is gsk_abcdefghij",
            "klmnopqrstuvwx",
            "1234567890, keep it",
        ]);
        assert_eq!((out.as_str(), count), ("The key is [masked], keep it", 1));
    }

    #[test]
    fn a_key_block_split_across_chunks_is_masked() {
        let text = format!("Here:\n{BLOCK}\nThat was it.");
        let chunks: Vec<String> = text.chars().map(String::from).collect();
        let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
        assert_eq!(mask_chunks(&chunks), (mask(&text).0, 1));
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_result(
            words in proptest::collection::vec(prop_oneof![Just("plain ".to_owned()), Just(format!("{KEY} ")), Just("é\n".to_owned()), Just(format!("{BLOCK}\n")), Just("password=hunter22 ".to_owned())], 0..12),
            cuts in proptest::collection::vec(0usize..400, 0..12),
        ) {
            let text: String = words.concat();
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| text.is_char_boundary(*cut)).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&str> = cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect();
            prop_assert_eq!(mask_chunks(&chunks), mask(&text));
        }
    }
}
