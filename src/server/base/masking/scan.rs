//! Scans a text once, left to right, and calls the recognisers at each position where a secret may
//! begin. A recogniser reads only to the end of its run, so the scan takes linear time.

use super::{
    keys, named,
    runs::{MASK, SHORT_MASK, is_word},
    shapes,
};
use std::ops::Range;

/// Masks each secret in `text` and returns their number. The result is never longer than `text`, in
/// bytes or characters.
pub(super) fn scan(text: &str) -> (String, usize) {
    let mut scanner = Scanner {
        text,
        masked: String::with_capacity(text.len()),
        copied: 0,
        count: 0,
        ahead: Vec::new(),
        last_key_end: None,
    };
    let mut at = 0;
    while at < text.len() {
        match scanner.secret_at(at) {
            Some(secret) => {
                at = secret.end;
                scanner.replace(secret);
            }
            None => at += 1,
        }
    }
    scanner.masked.push_str(&text[scanner.copied..]);
    (scanner.masked, scanner.count)
}

/// The mask for `secret`, at most as long as the secret, so that masked text never grows.
pub(super) fn mask_for(secret: &str) -> &'static str {
    let chars = secret.chars().count();
    if chars >= MASK.len() {
        MASK
    } else {
        &SHORT_MASK[..chars.min(SHORT_MASK.len())]
    }
}

struct Scanner<'t> {
    text: &'t str,
    masked: String,
    /// Length of the part of `text` that was copied or masked into `masked`.
    copied: usize,
    count: usize,
    /// Secrets found by the text before them, such as a name. The text between the name and the
    /// secret is still scanned.
    ahead: Vec<Range<usize>>,
    /// Position of the last [`shapes::KEY_END`] in `text`, or 0; computed once.
    last_key_end: Option<usize>,
}

impl Scanner<'_> {
    /// The secret that begins at `at`. A secret found here that begins later is stored in `ahead`.
    fn secret_at(&mut self, at: usize) -> Option<Range<usize>> {
        if let Some(n) = self.ahead.iter().position(|secret| secret.start == at) {
            return Some(self.ahead.swap_remove(n));
        }
        let found = self.found_from(at)?;
        let is_apart = self
            .ahead
            .iter()
            .all(|other| found.end <= other.start || other.end <= found.start);
        if is_apart && found.start > at {
            self.ahead.push(found);
            return None;
        }
        is_apart.then_some(found)
    }

    fn found_from(&mut self, at: usize) -> Option<Range<usize>> {
        let bytes = self.text.as_bytes();
        match bytes[at] {
            b':' => shapes::password_in_url(bytes, at),
            b'-' if bytes[at..].starts_with(shapes::KEY_BEGIN.as_bytes()) => {
                let last = *self
                    .last_key_end
                    .get_or_insert_with(|| self.text.rfind(shapes::KEY_END).unwrap_or(0));
                shapes::private_key(bytes, at, last)
            }
            byte if is_word(byte) && self.begins_a_word(at) => at_a_word(bytes, at),
            _ => None,
        }
    }

    /// Whether a word begins at `at`: at the start, after a secret, a separator, or an escape such
    /// as `\n` or `%20`.
    fn begins_a_word(&self, at: usize) -> bool {
        match &self.text.as_bytes()[self.copied..at] {
            [.., b'\\', b'n' | b'r' | b't'] => true,
            [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => true,
            [.., before] => !is_word(*before),
            [] => true,
        }
    }

    fn replace(&mut self, secret: Range<usize>) {
        self.masked.push_str(&self.text[self.copied..secret.start]);
        self.masked.push_str(mask_for(&self.text[secret.clone()]));
        self.copied = secret.end;
        self.count += 1;
    }
}

fn at_a_word(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    keys::provider_key(bytes, at)
        .or_else(|| keys::own_key(bytes, at))
        .or_else(|| shapes::web_token(bytes, at))
        .or_else(|| shapes::id_and_secret(bytes, at))
        .or_else(|| named::credential_after_name(bytes, at))
}
