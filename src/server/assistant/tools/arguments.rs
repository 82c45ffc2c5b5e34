//! Parses the arguments of tools before any work begins. Each error names the argument and the
//! valid values.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::prompt::{PROMPT_MAX_CHARS, Prompt, cut, one_line};
use crate::server::assistant::tool::{TITLE_MAX_CHARS, ToolError};

/// Maximum length of a style, in characters.
const STYLE_MAX_CHARS: usize = 100;

/// The `prompt` argument.
pub fn prompt(arguments: &Value) -> Result<Prompt, ToolError> {
    let text = arguments.get("prompt").and_then(Value::as_str);
    text.and_then(Prompt::parse).ok_or_else(|| {
        ToolError::BadArguments(format!(
            "prompt must be a text of 1 to {PROMPT_MAX_CHARS} characters"
        ))
    })
}

/// A title for the work log from any arguments: `Image: a lighthouse at dusk`.
pub fn title(label: &str, arguments: &Value) -> String {
    let prompt = arguments
        .get("prompt")
        .and_then(Value::as_str)
        .map(one_line)
        .unwrap_or_default();
    if prompt.is_empty() {
        label.to_owned()
    } else {
        cut(&format!("{label}: {prompt}"), TITLE_MAX_CHARS)
    }
}

/// The `style` argument, if given.
pub fn style(arguments: &Value) -> Result<Option<String>, ToolError> {
    match arguments.get("style") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(style)) if style.chars().count() <= STYLE_MAX_CHARS => {
            Ok(Some(one_line(style)).filter(|style| !style.is_empty()))
        }
        Some(_) => Err(ToolError::BadArguments(format!(
            "style must be a text of at most {STYLE_MAX_CHARS} characters"
        ))),
    }
}

/// The `seconds` argument, or `default` if not given. Models write whole numbers as 8 or 8.0; both
/// are accepted.
pub fn seconds(
    arguments: &Value,
    allowed: RangeInclusive<u8>,
    default: u8,
) -> Result<u8, ToolError> {
    let value = match arguments.get("seconds") {
        None | Some(Value::Null) => return Ok(default),
        Some(value) => value,
    };
    let number = value
        .as_f64()
        .filter(|number| number.fract() == 0.0 && (0.0..=255.0).contains(number));
    number
        .map(|number| number as u8)
        .filter(|number| allowed.contains(number))
        .ok_or_else(|| {
            ToolError::BadArguments(format!(
                "seconds must be a whole number from {} to {}",
                allowed.start(),
                allowed.end()
            ))
        })
}

/// JSON Schema of a `prompt` argument.
pub fn prompt_schema(description: &str) -> Value {
    json!({
        "type": "string", "minLength": 1, "maxLength": PROMPT_MAX_CHARS,
        "description": description,
    })
}

/// JSON Schema of a `style` argument.
pub fn style_schema(description: &str) -> Value {
    json!({ "type": "string", "maxLength": STYLE_MAX_CHARS, "description": description })
}

/// JSON Schema of a `seconds` argument.
pub fn seconds_schema(allowed: RangeInclusive<u8>, default: u8) -> Value {
    json!({
        "type": "integer", "minimum": allowed.start(), "maximum": allowed.end(),
        "default": default, "description": "Length in seconds",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_argument() {
        for arguments in [
            json!({}),
            json!(null),
            json!({ "prompt": 7 }),
            json!({ "prompt": " " }),
            json!({ "prompt": "x".repeat(501) }),
        ] {
            let error = prompt(&arguments).expect_err("no usable prompt");
            assert_eq!(
                error.to_string(),
                "prompt must be a text of 1 to 500 characters"
            );
        }
        for value in [
            json!(0),
            json!(31),
            json!(-1),
            json!(2.5),
            json!("8"),
            json!(1e300),
        ] {
            let error =
                seconds(&json!({ "seconds": value }), 1..=30, 8).expect_err("no usable length");
            assert_eq!(
                error.to_string(),
                "seconds must be a whole number from 1 to 30"
            );
        }
        let error = style(&json!({ "style": ["oil"] })).expect_err("no usable style");
        assert_eq!(
            error.to_string(),
            "style must be a text of at most 100 characters"
        );
    }

    #[test]
    fn missing_arguments_have_defaults() {
        assert_eq!(seconds(&json!({}), 1..=30, 8), Ok(8));
        assert_eq!(seconds(&json!({ "seconds": 12.0 }), 1..=30, 8), Ok(12));
        assert_eq!(style(&json!({ "style": " " })), Ok(None));
        assert_eq!(
            style(&json!({ "style": "oil on canvas" })),
            Ok(Some("oil on canvas".to_owned()))
        );
    }
}
