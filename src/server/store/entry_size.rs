//! How many bytes of an entry count in the totals.

use crate::domain::{Metadata, nul};

pub(super) fn metadata_json(metadata: &Metadata) -> String {
    serde_json::to_string(metadata).expect("a JSON object can be written")
}

/// The bytes of a text. ␀ counts as the one byte of the NUL that it stands for, so that NUL of
/// earlier versions is counted out as it was counted in. (A ␀ that somebody typed in those was
/// counted as its three bytes; such rows leave that difference in the totals.)
pub(super) fn text_size(text: &str) -> i64 {
    (text.len() - 2 * symbols(text)) as i64
}

/// Title, details and metadata together, in bytes; see [`text_size`]. In JSON, ␀ counts as the six
/// bytes of NUL's escape.
pub(super) fn entry_size(title: &str, details: Option<&str>, metadata: &Metadata) -> i64 {
    let json = metadata_json(metadata);
    let json_size = (json.len() + 3 * symbols(&json)) as i64;
    text_size(title) + details.map_or(0, text_size) + json_size
}

fn symbols(text: &str) -> usize {
    text.matches(nul::SYMBOL).count()
}
