//! Classifies errors of providers: HTTP status and body, an error inside a stream, a connection.

use crate::server::assistant::model::{ErrorClass, ModelError};
use reqwest::header::HeaderMap;
use serde_json::Value;

/// Maximum length of a provider's message, in characters.
const MESSAGE_MAX_CHARS: usize = 500;
/// Maximum `Retry-After` that is accepted, in seconds.
const RETRY_AFTER_MAX_S: f64 = 86_400.0;

/// The connection ended before the answer did.
pub(super) fn cut_off() -> ModelError {
    ModelError::plain(ErrorClass::Network, "The answer was cut off.")
}

/// A part of the answer is not JSON.
pub(super) fn unreadable() -> ModelError {
    ModelError::plain(ErrorClass::Server, "The response could not be parsed.")
}

/// Converts an error of the HTTP client.
pub(super) fn from_connection(error: &reqwest::Error) -> ModelError {
    match () {
        () if error.is_connect() => {
            ModelError::plain(ErrorClass::Network, "The connection failed.")
        }
        () if error.is_timeout() => {
            ModelError::plain(ErrorClass::Timeout, "The request timed out.")
        }
        () if error.is_builder() => ModelError::plain(
            ErrorClass::BadRequest,
            "The request could not be built; check the address and the key of the model.",
        ),
        () => cut_off(),
    }
}

/// Converts an error object inside a stream.
pub(super) fn from_body(body: &Value) -> ModelError {
    let error = inner_error(body);
    let number = |name: &str| {
        error
            .get(name)
            .and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()))
    };
    let status = number("status_code")
        .or_else(|| number("code"))
        .and_then(|status| u16::try_from(status).ok());
    let status = status.filter(|status| (400..600).contains(status));
    let named = || status_of_type(error.get("type")?.as_str()?);
    let assumed = status.or_else(named).unwrap_or(500);
    let error = from_status(assumed, &body.to_string(), None);
    ModelError { status, ..error }
}

/// The status that a type of error stands for; Anthropic's streams name only the type.
fn status_of_type(name: &str) -> Option<u16> {
    match name {
        "rate_limit_error" => Some(429),
        "authentication_error" => Some(401),
        "permission_error" => Some(403),
        "invalid_request_error" => Some(400),
        "not_found_error" => Some(404),
        "timeout_error" => Some(504),
        _ => None,
    }
}

/// The object that describes an error; some servers send it without `error` around it.
fn inner_error(body: &Value) -> &Value {
    match body.get("error") {
        None | Some(Value::Null | Value::Bool(_)) => body,
        Some(error) => error,
    }
}

/// Converts a status and its body.
pub(super) fn from_status(status: u16, body: &str, headers: Option<&HeaderMap>) -> ModelError {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    // Gemini wraps its error in an array when it streams.
    let error = inner_error(json.get(0).unwrap_or(&json));
    let message = ["message", "detail"]
        .into_iter()
        .find_map(|name| error.get(name)?.as_str())
        .or_else(|| error.as_str())
        .unwrap_or(body);
    ModelError {
        class: error_class(status, body),
        message: message.chars().take(MESSAGE_MAX_CHARS).collect(),
        status: Some(status),
        retry_after_s: headers
            .and_then(retry_after_header)
            .or_else(|| retry_delay(error)),
    }
}

fn error_class(status: u16, body: &str) -> ErrorClass {
    let contains = |words: &[&str]| words.iter().any(|word| body.contains(word));
    match status {
        429 => ErrorClass::RateLimit,
        401 | 403 => ErrorClass::Auth,
        // Gemini answers a wrong key with 400.
        400 if contains(&["API_KEY_INVALID", "API key not valid"]) => ErrorClass::Auth,
        400 if contains(&[
            "content_filter",
            "content_policy_violation",
            "PROHIBITED_CONTENT",
        ]) =>
        {
            ErrorClass::ContentFilter
        }
        // Groq's code for an invalid call written by its model.
        400 if contains(&["tool_use_failed"]) => ErrorClass::Server,
        408 | 504 => ErrorClass::Timeout,
        500.. => ErrorClass::Server,
        _ => ErrorClass::BadRequest,
    }
}

fn retry_after_header(headers: &HeaderMap) -> Option<u64> {
    ceil_seconds(headers.get("retry-after")?.to_str().ok()?.trim())
}

/// Gemini's `google.rpc.RetryInfo`: `"retryDelay": "45.8s"`.
fn retry_delay(error: &Value) -> Option<u64> {
    let details = error.get("details")?.as_array()?;
    let delay = details
        .iter()
        .find_map(|detail| detail.get("retryDelay")?.as_str())?;
    ceil_seconds(delay.strip_suffix('s')?)
}

fn ceil_seconds(text: &str) -> Option<u64> {
    let seconds: f64 = text
        .parse()
        .ok()
        .filter(|seconds| (0.0..=RETRY_AFTER_MAX_S).contains(seconds))?;
    Some(seconds.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn status_and_body_determine_the_class() {
        for (status, body, class) in [
            (429, "", ErrorClass::RateLimit),
            (401, "", ErrorClass::Auth),
            (403, "", ErrorClass::Auth),
            (
                400,
                concat!(
                    r#"{"error":{"message":"API key not valid.","#,
                    r#""details":[{"reason":"API_KEY_INVALID"}]}}"#
                ),
                ErrorClass::Auth,
            ),
            (
                400,
                r#"{"error":{"code":"tool_use_failed"}}"#,
                ErrorClass::Server,
            ),
            (
                400,
                r#"{"error":{"code":"content_filter"}}"#,
                ErrorClass::ContentFilter,
            ),
            (400, "{}", ErrorClass::BadRequest),
            (404, "", ErrorClass::BadRequest),
            (408, "", ErrorClass::Timeout),
            (504, "", ErrorClass::Timeout),
            (500, "", ErrorClass::Server),
            (529, "", ErrorClass::Server),
        ] {
            assert_eq!(
                from_status(status, body, None).class,
                class,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn retry_after_is_read_from_the_header_or_from_geminis_details() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "7.2".parse().unwrap());
        assert_eq!(from_status(429, "", Some(&headers)).retry_after_s, Some(8));
        let details = json!([{"@type": "x"}, {"retryDelay": "45.837906927s"}]);
        let body = json!([{"error": {"message": "Quota", "details": details}}]).to_string();
        let error = from_status(429, &body, Some(&HeaderMap::new()));
        assert_eq!(
            (error.retry_after_s, error.message.as_str()),
            (Some(46), "Quota")
        );
        headers.insert(
            "retry-after",
            "Wed, 21 Oct 2026 07:28:00 GMT".parse().unwrap(),
        );
        assert_eq!(from_status(429, "", Some(&headers)).retry_after_s, None);
    }

    #[test]
    fn an_error_inside_a_stream_keeps_its_own_code() {
        let error = from_body(&json!({"error": {
            "message": "Failed to call a function.",
            "code": "tool_use_failed",
            "status_code": 400,
        }}));
        assert_eq!((error.class, error.status), (ErrorClass::Server, Some(400)));
        assert_eq!(
            from_body(&json!({"error": {"code": 503, "message": "overloaded"}})).class,
            ErrorClass::Server
        );
        assert_eq!(from_body(&json!({"message": "odd"})).status, None);
    }
}
