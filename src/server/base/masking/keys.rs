//! API keys that are recognised by their prefix.

use super::runs::{is_word, run_end, secret_end};
use std::ops::Range;

/// Prefixes of providers' keys, and the minimum number of bytes after each.
const PREFIXES: [(&[u8], usize); 15] = [
    (b"AIza", 30),
    (b"gsk_", 20),
    (b"ghp_", 20),
    (b"gho_", 20),
    (b"ghu_", 20),
    (b"ghs_", 20),
    (b"ghr_", 20),
    (b"github_pat_", 20),
    (b"glpat-", 16),
    (b"xoxa-", 10),
    (b"xoxb-", 10),
    (b"xoxp-", 10),
    (b"xoxr-", 10),
    (b"xoxs-", 10),
    (b"sk_live_", 16),
];
const OWN_PREFIX: &[u8] = b"holly_";
const OWN_ID_LEN: usize = 16;
/// Shorter than a complete secret, so that a truncated key is masked too.
const OWN_SECRET_MIN: usize = 16;

/// The provider's key that begins at `at`.
pub(super) fn provider_key(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let end = secret_end(bytes, at, is_word)?;
    let key = &bytes[at..end];
    let known = PREFIXES
        .iter()
        .any(|(prefix, min)| key.starts_with(prefix) && key.len() >= prefix.len() + min);
    let dense = || {
        key.strip_prefix(b"sk-")
            .is_some_and(|rest| rest.len() >= 16 && is_dense(rest))
    };
    (known || dense() || is_aws_id(key)).then_some(at..end)
}

/// The secret of a Holly API key, `holly_<id>_<secret>`. The id stays readable, because it
/// identifies the key in the settings.
pub(super) fn own_key(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let id = bytes[at..].strip_prefix(OWN_PREFIX)?.get(..=OWN_ID_LEN)?;
    if id[OWN_ID_LEN] != b'_' || run_end(id, 0, |byte| byte.is_ascii_hexdigit()) != OWN_ID_LEN {
        return None;
    }
    let start = at + OWN_PREFIX.len() + OWN_ID_LEN + 1;
    let end = secret_end(bytes, start, is_word)?;
    (end - start >= OWN_SECRET_MIN).then_some(start..end)
}

fn is_aws_id(key: &[u8]) -> bool {
    key.len() == 20
        && (key.starts_with(b"AKIA") || key.starts_with(b"ASIA"))
        && key
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Whether `key` looks random, unlike a name such as `sk-toggleable-item-2`.
pub(super) fn is_dense(key: &[u8]) -> bool {
    let has = |test: fn(&u8) -> bool| key.iter().any(test);
    let long_part = |part: &[u8]| part.len() >= 10 && part.iter().any(u8::is_ascii_digit);
    key.split(|byte| !byte.is_ascii_alphanumeric())
        .any(long_part)
        || (key.len() >= 32
            && has(u8::is_ascii_digit)
            && has(u8::is_ascii_uppercase)
            && has(u8::is_ascii_lowercase))
}
