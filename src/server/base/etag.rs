//! Entity tags of HTTP (RFC 9110, section 8.8.3).

/// Whether `If-None-Match` names this tag, or any.
pub fn matches(if_none_match: &str, tag: &str) -> bool {
    if_none_match
        .split(',')
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}
