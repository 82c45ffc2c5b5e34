//! Masks a text that arrives in chunks, with the same result as for the whole text: what a secret
//! may begin with is held back until that is known, at most [`WINDOW`](super::scan::WINDOW) bytes.

use super::scan::Scanner;

/// Masks secrets in a stream of text. Text that was passed on never changes.
#[derive(Debug, Default)]
pub struct MaskingStream(Scanner);

impl MaskingStream {
    /// Adds a chunk and returns the masked text that is complete.
    pub fn push(&mut self, text: &str) -> String {
        self.0.scan(text, false)
    }

    /// Returns the rest of the masked text, after the last chunk.
    pub fn finish(&mut self) -> String {
        self.0.scan("", true)
    }

    /// The number of secrets masked so far.
    pub fn masked(&self) -> usize {
        self.0.count
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{mask, scan::WINDOW, tests::pieces},
        *,
    };
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

    #[test]
    fn little_text_is_held_back_and_only_where_a_secret_may_begin() {
        for text in [
            "-----BEGIN PRIVATE KEY-----\n".to_owned() + &"MIIEvQIBADANBg\n".repeat(4_000),
            "x".repeat(100_000),
            "data:image/png;base64,".to_owned() + &"AKsk/eyJhbGciOi+Jx9Q".repeat(4_000),
            "\"password\": \"".to_owned() + &"never closed ".repeat(8_000),
            "Bearer ".repeat(12_000),
            "-----BEGIN PRIVATE KEY-----".repeat(4_000),
        ] {
            let mut stream = MaskingStream::default();
            let (mut out, mut sent) = (String::new(), 0);
            for part in text.as_bytes().chunks(700) {
                sent += part.len();
                out.push_str(&stream.push(std::str::from_utf8(part).unwrap()));
                assert!(stream.0.held_back() <= WINDOW, "{}", &text[..sent.min(40)]);
            }
            out.push_str(&stream.finish());
            assert_eq!((out, stream.masked()), mask(&text));
        }
        for text in [
            "Hello ",
            "The password is ",
            "a: b, ",
            "--- ",
            "curl is here ",
            "你好",
        ] {
            let mut stream = MaskingStream::default();
            assert_eq!(stream.push(text), text);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn any_split_of_any_text_gives_the_result_of_the_whole(
            text in pieces(),
            filler in 0usize..3,
            cuts in proptest::collection::vec(0usize..600, 0..12),
        ) {
            // with filler the text is longer than the window
            let text = format!("{text}{}{text}", "a-b/c.".repeat(filler * 800));
            let mut cuts: Vec<usize> = cuts
                .into_iter()
                .chain([0, text.len()])
                .map(|cut| text.floor_char_boundary(cut))
                .collect();
            cuts.sort_unstable();
            let chunks: Vec<&str> = cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect();
            prop_assert_eq!(mask_chunks(&chunks), mask(&text));
        }

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
