//! Masks secrets in text that is stored, sent or shown: keys, tokens, passwords, private key
//! blocks. Every text that a person, a program or a model sends is masked where it is stored. A
//! secret becomes `[masked]`; a shorter one becomes asterisks.

mod checks;
mod marks;
mod patterns;
#[cfg(test)]
pub(crate) mod samples;
mod scan;
pub mod stream;
#[cfg(test)]
mod tests;

pub use stream::MaskingStream;

use crate::domain::WorkLogEntry;
use serde_json::{Map, Value};

/// The metadata field with the number of secrets masked in an entry.
pub const MASKED: &str = "maskedValues";

/// Masks the secrets in `text` and returns their number. The result is never longer than `text`,
/// and masking it again changes nothing.
pub fn mask(text: &str) -> (String, usize) {
    let mut scanner = scan::Scanner::default();
    let masked = scanner.scan(text, true);
    (masked, scanner.count)
}

/// Masks the secrets in every string of `value`; a string under a name such as `password` or
/// `apiKey` is masked entirely. Returns the number of secrets. Numbers are never masked.
pub fn mask_value(value: &mut Value) -> usize {
    match value {
        Value::String(text) => mask_in_place(text),
        Value::Array(values) => values.iter_mut().map(mask_value).sum(),
        Value::Object(fields) => mask_fields(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// Masks title, details and metadata of `entry` and adds the number of secrets to
/// `metadata.maskedValues`.
pub fn mask_entry(entry: &mut WorkLogEntry) {
    let details = entry.details.as_mut().map_or(0, mask_in_place);
    let count = mask_in_place(&mut entry.title) + details + mask_fields(&mut entry.metadata.0);
    if count > 0 {
        let before = entry.metadata.number(MASKED).unwrap_or(0).max(0);
        let total = before.saturating_add(i64::try_from(count).unwrap_or(i64::MAX));
        entry.metadata.0.insert(MASKED.to_owned(), total.into());
    }
}

/// Masks the secrets in `text` and returns their number.
pub fn mask_in_place(text: &mut String) -> usize {
    let (masked, count) = mask(text);
    if count > 0 {
        *text = masked;
    }
    count
}

fn mask_fields(fields: &mut Map<String, Value>) -> usize {
    let mut count = fields
        .iter_mut()
        .map(|(name, value)| mask_field(name, value))
        .sum();
    if fields.keys().any(|name| mask(name).1 > 0) {
        for (mut name, value) in std::mem::take(fields) {
            count += mask_in_place(&mut name);
            fields.insert(name, value);
        }
    }
    count
}

fn mask_field(name: &str, value: &mut Value) -> usize {
    match value {
        Value::String(text) if patterns::is_secret_name(name) => {
            let is_new = !marks::is_mask(text);
            if is_new {
                *text = marks::mask_for(text).to_owned();
            }
            usize::from(is_new)
        }
        other => mask_value(other),
    }
}
