//! Secrets that are recognised by their shape: passwords in URLs, private key blocks, JSON Web
//! Tokens, pairs of id and secret.

use super::runs::{MASK, is_mask, is_word, run_end, secret_end};
use std::ops::Range;

/// The beginning of a private key block's first line.
pub(super) const KEY_BEGIN: &str = "-----BEGIN ";
/// The beginning of a private key block's last line.
pub(super) const KEY_END: &str = "-----END ";
/// The dashes around the labels of a private key block.
pub(super) const KEY_DASHES: &str = "-----";
/// Maximum length of a label with its closing dashes, such as `RSA PRIVATE KEY-----`, in bytes.
const KEY_LABEL_MAX: usize = 48;

/// The password in `scheme://user:password@host`; `at` is the colon after the scheme. Text after a
/// mask is ignored, because a masked key block may have contained the space that ended the URL.
pub(super) fn password_in_url(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let start = at + 3;
    if !bytes[at..].starts_with(b"://") {
        return None;
    }
    let end = run_end(bytes, start, |byte| {
        !byte.is_ascii_whitespace() && !b"/?#\"'`<>\\".contains(&byte)
    });
    let authority = &bytes[start..end];
    let masked = authority
        .windows(MASK.len())
        .position(|part| part == MASK.as_bytes());
    let authority = &authority[..masked.unwrap_or(authority.len())];
    let user_end = start + authority.iter().position(|byte| *byte == b':')?;
    let password = user_end + 1..start + authority.iter().rposition(|byte| *byte == b'@')?;
    let text = std::str::from_utf8(bytes.get(password.clone())?).ok()?;
    (!is_mask(text)).then_some(password)
}

/// The private key block at `at` with its first and last line; a block without an end includes the
/// base64 that follows. `last_end` is the position of the last [`KEY_END`] in the text; it limits
/// the search.
pub(super) fn private_key(bytes: &[u8], at: usize, last_end: usize) -> Option<Range<usize>> {
    let body = label_end(bytes, at + KEY_BEGIN.len())?;
    if last_end < body {
        return Some(
            at..run_end(bytes, body, |byte| {
                byte.is_ascii_alphanumeric() || b"+/=\r\n\\".contains(&byte)
            }),
        );
    }
    let closing = (body..=last_end).find(|at| bytes[*at..].starts_with(KEY_END.as_bytes()))?;
    let label = closing + KEY_END.len();
    Some(at..label_end(bytes, label).unwrap_or(label))
}

/// The end of the label `… PRIVATE KEY-----` that begins at `from`.
fn label_end(bytes: &[u8], from: usize) -> Option<usize> {
    let label = &bytes[from..bytes.len().min(from + KEY_LABEL_MAX)];
    let dashes = label
        .windows(KEY_DASHES.len())
        .position(|five| five == KEY_DASHES.as_bytes())?;
    let name = &label[..dashes];
    (name.ends_with(b"PRIVATE KEY") || name.ends_with(b"PRIVATE KEY BLOCK"))
        .then_some(from + dashes + KEY_DASHES.len())
}

/// A JSON Web Token: three parts separated by dots; the first two are base64 JSON objects, the
/// signature may be empty.
pub(super) fn web_token(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    const PART_MIN: usize = 10;
    let mut start = at;
    for _ in 0..2 {
        let end = bytes[start..]
            .starts_with(b"eyJ")
            .then(|| run_end(bytes, start, is_word))?;
        if end - start < PART_MIN || bytes.get(end) != Some(&b'.') {
            return None;
        }
        start = end + 1;
    }
    let end = run_end(bytes, start, is_word);
    Some(at..end)
}

/// A fal key: a UUID, a colon and 32 hex digits.
pub(super) fn id_and_secret(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    const ID_LEN: usize = 36;
    const SECRET_LEN: usize = 32;
    let colon = at + ID_LEN;
    if bytes.get(colon) != Some(&b':') || !is_uuid(&bytes[at..colon]) {
        return None;
    }
    let end = secret_end(bytes, colon + 1, is_word)?;
    let secret = &bytes[colon + 1..end];
    (secret.len() == SECRET_LEN && secret.iter().all(u8::is_ascii_hexdigit)).then_some(at..end)
}

fn is_uuid(id: &[u8]) -> bool {
    id.iter().enumerate().all(|(n, byte)| {
        if [8, 13, 18, 23].contains(&n) {
            *byte == b'-'
        } else {
            byte.is_ascii_hexdigit()
        }
    })
}
