//! The replacement of a secret, and helpers for runs of bytes of one kind.

/// The replacement of a secret.
pub(super) const MASK: &str = "[masked]";
/// The replacement of a secret shorter than [`MASK`], cut to its length.
pub(super) const SHORT_MASK: &str = "***";

/// Whether `text` is a mask, so that it is not masked again.
pub(super) fn is_mask(text: &str) -> bool {
    text == MASK || SHORT_MASK.starts_with(text)
}

/// The end of the run of bytes from `from` on that satisfy `is_part`.
pub(super) fn run_end(bytes: &[u8], from: usize, is_part: fn(u8) -> bool) -> usize {
    from + bytes[from..]
        .iter()
        .take_while(|byte| is_part(**byte))
        .count()
}

/// Like [`run_end`], but `None` if the run is empty or a mask follows it: the readable part of a
/// masked secret is not a secret.
pub(super) fn secret_end(bytes: &[u8], from: usize, is_part: fn(u8) -> bool) -> Option<usize> {
    let end = run_end(bytes, from, is_part);
    (end > from && !bytes[end..].starts_with(MASK.as_bytes())).then_some(end)
}

/// Whether `byte` belongs to a word: an ASCII letter or digit, `_` or `-`, as in API keys.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}
