//! What the requests of the dialects have in common.

use crate::server::{
    assistant::model::{PromptImage, ToolCall},
    base::digest,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Maximum length of a tool's name.
const NAME_MAX: usize = 64;
/// Maximum length of a call's id.
const ID_MAX: usize = 64;
/// The length of a call's id at Mistral.
const SHORT_ID: usize = 9;

/// The arguments of an earlier call. Those that are not an object become an empty one, because
/// providers reject others.
pub(super) fn arguments(call: &ToolCall) -> Value {
    match &call.arguments {
        object @ Value::Object(_) => object.clone(),
        _ => Value::Object(Map::new()),
    }
}

/// The tool of an earlier call. A model may have made up a name that providers reject.
pub(super) fn tool_name(name: &str) -> String {
    let allowed = |c: char| if is_plain(c) { c } else { '_' };
    let name: String = name.chars().take(NAME_MAX).map(allowed).collect();
    if name.is_empty() {
        "unknown".to_owned()
    } else {
        name
    }
}

/// The id of a call in a form that every provider takes; the same for the call and its result.
pub(super) fn call_id(id: &str, short: bool) -> String {
    let is_valid = match short {
        true => id.len() == SHORT_ID && id.chars().all(|c| c.is_ascii_alphanumeric()),
        false => (1..=ID_MAX).contains(&id.len()) && id.chars().all(is_plain),
    };
    if is_valid {
        return id.to_owned();
    }
    let digest = digest::sha256_hex(id);
    digest.chars().take(SHORT_ID).collect()
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// The content of a picture as base64.
pub(super) fn base64(picture: &PromptImage) -> String {
    STANDARD.encode(&picture.bytes)
}

/// The tools of calls by the ids of the calls, for dialects whose results name their tool.
pub(super) type ToolNames = HashMap<String, String>;

/// Remembers the tools of these calls.
pub(super) fn remember(names: &mut ToolNames, calls: &[ToolCall]) {
    let pairs = calls
        .iter()
        .map(|call| (call.id.clone(), tool_name(&call.name)));
    names.extend(pairs);
}
