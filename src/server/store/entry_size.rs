//! The size of an entry in the totals, in bytes.

use crate::domain::{Metadata, nul};

pub(super) fn metadata_json(metadata: &Metadata) -> String {
    serde_json::to_string(metadata).expect("a JSON object can be written")
}

/// The size of a text. ␀ counts as one byte, the NUL it replaces, so that entries written before
/// the replacement are subtracted with the size they were added with. (A literal ␀ in such an entry
/// was counted as three bytes; the totals keep that difference.)
pub(super) fn text_size(text: &str) -> i64 {
    (text.len() - 2 * nul_symbols(text)) as i64
}

/// Title, details and metadata together; see [`text_size`]. In JSON, ␀ counts as the six bytes of
/// NUL's escape.
pub(super) fn entry_size(title: &str, details: Option<&str>, metadata: &Metadata) -> i64 {
    let json = metadata_json(metadata);
    let json_size = (json.len() + 3 * nul_symbols(&json)) as i64;
    text_size(title) + details.map_or(0, text_size) + json_size
}

fn nul_symbols(text: &str) -> usize {
    text.matches(nul::SYMBOL).count()
}
