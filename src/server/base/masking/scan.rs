//! Scans a text once, from left to right, as it arrives. At each place where a secret may begin, at
//! most [`WINDOW`] bytes are matched with the table of patterns.

use super::{
    marks::{MASK, mask_for},
    patterns::{Begins, EXPRESSIONS, MATCHING, OPEN, PATTERNS, Pattern},
};
use std::ops::Range;

/// How far the text from one place on is read, in bytes, and so how much of an incomplete text is
/// held back. A longer secret is masked up to the end of its word.
pub(super) const WINDOW: usize = 8 * 1024;
/// How much text before a place is kept, in bytes: quotes and escapes.
const LOOK_BEHIND: usize = 16;
/// How much masked text is kept, in bytes: a command before its options.
const COMMAND_MAX: usize = 512;

const KEY_BEGIN: &str = "-----BEGIN ";
const SCHEME_END: &str = "://";

/// What is known about the text at one place.
#[derive(Debug)]
enum Found {
    Nothing,
    Secret(Secret),
    /// More text may complete a secret that begins here.
    Incomplete,
}

/// A secret in the text.
#[derive(Debug)]
struct Secret {
    range: Range<usize>,
    /// What it continues with, if it filled its window.
    continues_with: Option<fn(char) -> bool>,
}

/// The scanner of one text.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    /// The text that is not scanned yet, and up to [`LOOK_BEHIND`] bytes before it.
    raw: String,
    /// The place in `raw` that is scanned next.
    at: usize,
    /// Length of the part of `raw` that was passed on or masked.
    done: usize,
    /// The end of the last secret.
    secret_end: usize,
    /// Secrets found by the text before them, such as a name. The text between the name and the
    /// secret is still scanned.
    ahead: Vec<Secret>,
    /// What the last secret continues with, if it filled its window.
    continues_with: Option<fn(char) -> bool>,
    /// The masked text of this call, after the end of the masked text before.
    masked: String,
    /// Length of `raw` when the text at `at` was incomplete.
    waited: Option<usize>,
    /// The number of secrets.
    pub(super) count: usize,
}

impl Scanner {
    /// Adds text and returns the masked text that is complete; with `is_last` all of it.
    pub(super) fn scan(&mut self, text: &str, is_last: bool) -> String {
        self.raw.push_str(text);
        if !is_last && self.still_waits() {
            return String::new();
        }
        let before = self.masked.len();
        self.masked.reserve(text.len());
        while self.at < self.raw.len() {
            if self.skips_rest() {
                continue;
            }
            match self.found_at(self.at, is_last) {
                Found::Nothing => self.at += 1,
                Found::Secret(secret) => self.replace(secret),
                Found::Incomplete => {
                    self.waited = Some(self.raw.len());
                    break;
                }
            }
        }
        self.masked.push_str(&self.raw[self.done..self.at]);
        self.done = self.at;
        let complete = self.masked[before..].to_owned();
        self.forget();
        complete
    }

    /// The number of bytes that are held back.
    #[cfg(test)]
    pub(super) fn held_back(&self) -> usize {
        self.raw.len() - self.done
    }

    /// Whether the text at `at` is still incomplete. Letters and digits alone complete nothing:
    /// they continue a word or a value.
    fn still_waits(&mut self) -> bool {
        let waits = self.waited.is_some_and(|waited| {
            self.raw.len() - self.at < WINDOW
                && self.raw.as_bytes()[waited..]
                    .iter()
                    .all(u8::is_ascii_alphanumeric)
        });
        self.waited = waits.then_some(self.raw.len());
        waits
    }

    /// Skips one character of a secret that filled its window.
    fn skips_rest(&mut self) -> bool {
        let Some(is_part) = self.continues_with else {
            return false;
        };
        let Some(next) = self.raw[self.at..].chars().next().filter(|c| is_part(*c)) else {
            self.continues_with = None;
            return false;
        };
        self.at += next.len_utf8();
        (self.done, self.secret_end) = (self.at, self.at);
        true
    }

    fn found_at(&mut self, at: usize, is_last: bool) -> Found {
        if let Some(n) = self
            .ahead
            .iter()
            .position(|secret| secret.range.start == at)
        {
            return Found::Secret(self.ahead.swap_remove(n));
        }
        let text = &self.raw[self.raw.floor_char_boundary(at)..];
        if !self.may_begin(at, text, is_last) {
            return Found::Nothing;
        }
        let window = &text[..text.floor_char_boundary(WINDOW)];
        if !is_last && text.len() < WINDOW && is_open(text) {
            return Found::Incomplete;
        }
        let Some(found) = self.secret_in(window, at) else {
            return Found::Nothing;
        };
        let range = &found.range;
        let is_apart = self.ahead.iter().all(|Secret { range: other, .. }| {
            range.end <= other.start || other.end <= range.start
        });
        match (is_apart, range.start > at) {
            (true, false) => Found::Secret(found),
            (true, true) => {
                self.ahead.push(found);
                Found::Nothing
            }
            _ => Found::Nothing,
        }
    }

    /// Whether a pattern may begin at `at`, where `text` begins.
    fn may_begin(&self, at: usize, text: &str, is_last: bool) -> bool {
        let begins = |mark: &str| text.starts_with(mark) || (!is_last && mark.starts_with(text));
        match self.raw.as_bytes()[at] {
            b':' => begins(SCHEME_END),
            b'-' if begins(KEY_BEGIN) => true,
            byte => is_word(byte) && self.begins_a_word(at),
        }
    }

    /// Whether a word begins at `at`: at the start, after a secret, a separator, or an escape such
    /// as `\n` or `%20`.
    fn begins_a_word(&self, at: usize) -> bool {
        match &self.raw.as_bytes()[self.secret_end..at] {
            [.., b'\\', b'n' | b'r' | b't'] => true,
            [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => true,
            [.., before] => !is_word(*before),
            [] => true,
        }
    }

    /// The secret of the first pattern that matches at the beginning of `window`.
    fn secret_in(&self, window: &str, at: usize) -> Option<Secret> {
        if !MATCHING.is_match(window) {
            return None;
        }
        let matching = MATCHING.matches(window);
        matching.iter().find_map(|n| {
            let pattern = &PATTERNS[n];
            let secret = EXPRESSIONS[n].captures(window)?.get(1)?;
            let length = (pattern.check)(secret.as_str())?;
            let end = secret.start() + length;
            let is_readable_part = window[end..].starts_with(MASK);
            let is_secret = (pattern.is_secret_before_mask || !is_readable_part)
                && self.is_place_of(pattern, at);
            let fills_window = end == window.len() && self.raw.len() - at >= WINDOW;
            is_secret.then(|| Secret {
                range: at + secret.start()..at + end,
                continues_with: fills_window.then_some(pattern.continues_with),
            })
        })
    }

    fn is_place_of(&self, pattern: &Pattern, at: usize) -> bool {
        let before = &self.raw[..at];
        match pattern.begins {
            Begins::Anywhere => true,
            Begins::After(text) => before.ends_with(text),
            Begins::InQuery => {
                before.ends_with("&amp;")
                    || (before.ends_with(['?', '&']) && !before.ends_with("&&"))
            }
            Begins::OfCurl => self.is_command_of_curl(at),
        }
    }

    fn replace(&mut self, secret: Secret) {
        let Range { start, end } = secret.range;
        self.masked.push_str(&self.raw[self.done..start]);
        self.masked.push_str(mask_for(&self.raw[start..end]));
        self.continues_with = secret.continues_with;
        (self.at, self.done, self.secret_end) = (end, end, end);
        self.count += 1;
    }

    /// Whether the command before the option at `at` is `curl`. A line that ends with a backslash
    /// continues. Masked text is looked at, so that masking it again finds the same.
    fn is_command_of_curl(&self, at: usize) -> bool {
        let text = [end_of(&self.masked), end_of(&self.raw[self.done..at])].concat();
        let Some((_, options)) = end_of(&text).rsplit_once("curl") else {
            return false;
        };
        options.starts_with(char::is_whitespace)
            && options.ends_with(|c: char| c.is_whitespace())
            && !options.replace("\\\n", "").contains(['\n', '|', ';'])
    }

    /// Drops text that no longer matters.
    fn forget(&mut self) {
        self.masked = end_of(&self.masked).to_owned();
        let from = self
            .raw
            .floor_char_boundary(self.at.saturating_sub(LOOK_BEHIND));
        self.raw.drain(..from);
        self.at -= from;
        self.done -= from;
        self.secret_end = self.secret_end.saturating_sub(from);
        self.waited = self.waited.map(|waited| waited - from);
        for secret in &mut self.ahead {
            secret.range = secret.range.start - from..secret.range.end - from;
        }
    }
}

/// Whether `byte` belongs to a word: an ASCII letter or digit, `_` or `-`, as in API keys.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// Whether more text may complete a secret at the beginning of `text`: a word that has not ended,
/// or the lead of a pattern.
fn is_open(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic()) || OPEN.is_match(text)
}

/// The last [`COMMAND_MAX`] bytes of a text.
fn end_of(text: &str) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(COMMAND_MAX))..]
}
