//! Checks of what a pattern has matched, where an expression alone would match names too.

use super::marks::{MASK, is_mask};

/// The length of the secret at the start of a match, or `None` if the match is no secret.
pub(super) type Check = fn(&str) -> Option<usize>;

pub(super) fn any(secret: &str) -> Option<usize> {
    (!is_mask(secret)).then_some(secret.len())
}

/// Whether the text is unlike a word: it has a digit, padding, mixed case or at least 32 bytes.
pub(super) fn opaque(secret: &str) -> Option<usize> {
    let has = |test: fn(u8) -> bool| secret.bytes().any(test);
    let (upper, lower) = (
        has(|byte| byte.is_ascii_uppercase()),
        has(|byte| byte.is_ascii_lowercase()),
    );
    let is_mixed = upper && lower && secret.len() >= 20;
    let is_opaque = secret.len() > 8
        && (has(|byte| byte.is_ascii_digit())
            || secret.ends_with('=')
            || is_mixed
            || secret.len() >= 32);
    is_opaque.then_some(secret.len())
}

/// Whether the text looks random, unlike a name such as `toggleable-item-2`.
pub(super) fn dense(secret: &str) -> Option<usize> {
    let has = |test: fn(&u8) -> bool| secret.as_bytes().iter().any(test);
    let is_long_part = |part: &str| part.len() >= 10 && part.bytes().any(|b| b.is_ascii_digit());
    let is_dense = secret
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(is_long_part)
        || (secret.len() >= 32
            && has(u8::is_ascii_digit)
            && has(u8::is_ascii_uppercase)
            && has(u8::is_ascii_lowercase));
    is_dense.then_some(secret.len())
}

/// A key of `sk-` and a dense rest.
pub(super) fn sk(secret: &str) -> Option<usize> {
    dense(secret.strip_prefix("sk-")?).map(|_| secret.len())
}

/// An opaque and dense value of at least 16 bytes after a name without quotes.
pub(super) fn bare_value(secret: &str) -> Option<usize> {
    opaque(secret)?;
    dense(secret).filter(|length| *length >= 16)
}

/// A prefix that ends with `_`, then letters and digits that are not one lower-case word.
pub(super) fn letters_and_digits(secret: &str) -> Option<usize> {
    let (_, rest) = secret.rsplit_once('_')?;
    let is_random = rest.len() >= 16
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && rest.bytes().any(|byte| !byte.is_ascii_lowercase());
    is_random.then_some(secret.len())
}

/// An access key id of AWS.
pub(super) fn aws_id(secret: &str) -> Option<usize> {
    let is_id = secret.len() == 20
        && secret
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    is_id.then_some(secret.len())
}

/// The password of a URL ends at the last `@` before a mask: a masked key block may have contained
/// the space that ended the URL.
pub(super) fn url_password(secret: &str) -> Option<usize> {
    let end = match secret.find(MASK) {
        Some(mask) => secret[..mask].rfind('@')?,
        None => secret.len(),
    };
    any(&secret[..end])
}
