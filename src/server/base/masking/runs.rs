//! The replacement of a secret, and helpers for runs of bytes of one kind.

/// What stands in place of a secret.
pub(super) const MASK: &str = "[masked]";
pub(super) const SHORT_MASK: &str = "***";

/// Whether `text` is what [`mask_for`] leaves behind.
pub(super) fn is_mask(text: &str) -> bool {
    text == MASK || SHORT_MASK.starts_with(text)
}

/// Where the run of bytes that are `part` of a word ends, counted from `from`.
pub(super) fn run_end(bytes: &[u8], from: usize, part: fn(u8) -> bool) -> usize {
    from + bytes[from..].iter().take_while(|byte| part(**byte)).count()
}

/// As [`run_end`], but nothing where the run leads up to a mask: what is left of a masked secret is
/// no secret itself.
pub(super) fn secret_end(bytes: &[u8], from: usize, part: fn(u8) -> bool) -> Option<usize> {
    let end = run_end(bytes, from, part);
    (end > from && !bytes[end..].starts_with(MASK.as_bytes())).then_some(end)
}

/// A byte of a word in the widest sense in which keys are one word.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}
