//! Secrets that are recognised by the name or word before them: `Bearer …`, `Authorization: …`,
//! `"password": "…"`.

use super::{
    keys,
    runs::{MASK, is_mask, is_word, run_end},
    shapes,
};
use std::ops::Range;

/// Maximum length of a name, in bytes; longer words are ignored.
const NAME_MAX: usize = 64;
const SECRET_NAMES: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "authorization",
    "credential",
    "credentials",
    "setcookie",
];
/// Names after which an unquoted value is a secret too.
const BARE_NAMES: [&str; 3] = ["apikey", "secretaccesskey", "falkey"];
/// Minimum length of a secret after such a name, in bytes.
const BARE_MIN: usize = 16;

/// Whether a value under `name` is a secret. Case and punctuation are ignored: `api_key`, `apiKey`,
/// `X-Api-Key`.
pub(super) fn is_secret_name(name: &str) -> bool {
    let plain = plain(name.as_bytes());
    SECRET_NAMES.iter().any(|secret| plain.ends_with(secret))
}

/// The secret after the name that begins at `at`, as in `Bearer …` or `"password": "…"`.
pub(super) fn credential_after_name(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let end = run_end(bytes, at, is_word);
    if end - at > NAME_MAX {
        return None;
    }
    let name = &bytes[at..end];
    if name.eq_ignore_ascii_case(b"bearer") {
        return credential(bytes, after_spaces(bytes, end)?);
    }
    let (quote, value) = value_after(bytes, end)?;
    let plain = plain(name);
    if quote.is_some_and(|quote| bytes[..at].ends_with(quote)) && is_secret_name(&plain) {
        return quoted_value(bytes, value, quote?);
    }
    if plain == "authorization" || plain == "proxyauthorization" {
        return credential(bytes, after_scheme(bytes, value));
    }
    if !BARE_NAMES.iter().any(|bare| plain.ends_with(bare)) {
        return None;
    }
    let start = value + usize::from(bytes[value..].starts_with(b"\""));
    credential(bytes, start)
        .filter(|secret| secret.len() >= BARE_MIN && keys::is_dense(&bytes[secret.clone()]))
}

/// The name in lower case, without other characters than letters and digits.
fn plain(name: &[u8]) -> String {
    name.iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(|byte| byte.to_ascii_lowercase() as char)
        .collect()
}

/// The quote that closes the name, if any, and the start of the value after `:` or `=`.
fn value_after(bytes: &[u8], name_end: usize) -> Option<(Option<&'static [u8]>, usize)> {
    const QUOTES: [&[u8]; 3] = [b"\"", b"\\\"", b"'"];
    let quote = QUOTES
        .into_iter()
        .find(|quote| bytes[name_end..].starts_with(quote));
    let colon = run_end(bytes, name_end + quote.map_or(0, <[u8]>::len), is_space);
    matches!(bytes.get(colon), Some(b':' | b'='))
        .then(|| (quote, run_end(bytes, colon + 1, is_space)))
}

/// The text in quotes at `at`; without a closing quote, the rest of the line.
fn quoted_value(bytes: &[u8], at: usize, quote: &[u8]) -> Option<Range<usize>> {
    let start = bytes[at..].starts_with(quote).then_some(at + quote.len())?;
    let mut end = start;
    while end < bytes.len() && bytes[end] != b'\n' && !bytes[end..].starts_with(quote) {
        end += if bytes[end] == b'\\' && bytes.get(end + 1).is_some_and(u8::is_ascii) {
            2
        } else {
            1
        };
    }
    let text = std::str::from_utf8(&bytes[start..end.min(bytes.len())]).ok()?;
    (!text.is_empty() && !is_mask(text)).then_some(start..start + text.len())
}

fn is_space(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// The start of the word after one or more spaces (or `%20`).
fn after_spaces(bytes: &[u8], at: usize) -> Option<usize> {
    let end = if bytes[at..].starts_with(b"%20") {
        at + 3
    } else {
        run_end(bytes, at, is_space)
    };
    (end > at).then_some(end)
}

/// The start of the credential after an authentication scheme, if there is one at `at`.
fn after_scheme(bytes: &[u8], at: usize) -> usize {
    let end = run_end(bytes, at, |byte| byte.is_ascii_alphabetic());
    let scheme = &bytes[at..end];
    let known = [&b"basic"[..], b"bearer", b"token", b"key"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    after_spaces(bytes, end).filter(|_| known).unwrap_or(at)
}

/// The token characters at `at`, if they look like a credential and not like a word. `=` is
/// accepted only at the end: otherwise each name in `a=a=a=…` would scan the rest, in quadratic
/// time.
fn credential(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    if let Some(known) = keys::own_key(bytes, at).or_else(|| shapes::id_and_secret(bytes, at)) {
        return Some(known);
    }
    let body = run_end(bytes, at, |byte| {
        byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte)
    });
    let end = run_end(bytes, body, |byte| byte == b'=');
    let is_secret = is_opaque(&bytes[at..end]) && !bytes[end..].starts_with(MASK.as_bytes());
    is_secret.then_some(at..end)
}

/// Whether `run` is unlike a word: it has a digit, padding, mixed case or at least 32 bytes.
fn is_opaque(run: &[u8]) -> bool {
    let has = |test: fn(&u8) -> bool| run.iter().any(test);
    let mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && run.len() >= 20;
    run.len() > 8 && (has(u8::is_ascii_digit) || run.ends_with(b"=") || mixed || run.len() >= 32)
}
