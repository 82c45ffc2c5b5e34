//! What stands in place of a secret.

/// The replacement of a secret.
pub(super) const MASK: &str = "[masked]";
/// The replacement of a secret shorter than [`MASK`], cut to its length.
const SHORT_MASK: &str = "***";

/// Whether `text` is a mask, so that it is not masked again.
pub(super) fn is_mask(text: &str) -> bool {
    text == MASK || SHORT_MASK.starts_with(text)
}

/// The mask for `secret`, at most as long as the secret, so that masked text never grows.
pub(super) fn mask_for(secret: &str) -> &'static str {
    let chars = secret.chars().take(MASK.len()).count();
    if chars >= MASK.len() {
        MASK
    } else {
        &SHORT_MASK[..chars.min(SHORT_MASK.len())]
    }
}
