//! Classifies errors of providers: HTTP status and body, a broken stream, a timeout. genai 0.7.2
//! reports every failure of a stream as a boxed error on the first poll.

use crate::server::assistant::model::{ErrorClass, ModelError};
use genai::{Error, webc};
use reqwest::header::HeaderMap;
use serde_json::Value;

/// Maximum length of a provider's message, in characters.
const MESSAGE_MAX_CHARS: usize = 500;
/// Maximum `Retry-After` that is accepted, in seconds.
const RETRY_AFTER_MAX_S: f64 = 86_400.0;

/// Converts a genai error.
pub(super) fn classify(error: &Error) -> ModelError {
    match error {
        Error::HttpError {
            status,
            body,
            headers,
            ..
        } => from_status(status.as_u16(), body, Some(headers)),
        Error::WebModelCall { webc_error, .. } | Error::WebAdapterCall { webc_error, .. } => {
            from_call(webc_error)
        }
        Error::ChatResponse { body, .. } => from_body(body),
        Error::WebStream { error, .. } => from_boxed(&**error),
        Error::StreamParse { .. }
        | Error::InvalidJsonResponseElement { .. }
        | Error::SerdeJson(_)
        | Error::JsonValueExt(_) => {
            ModelError::plain(ErrorClass::Server, "The response could not be parsed.")
        }
        Error::NoChatResponse { .. } => {
            ModelError::plain(ErrorClass::Server, "The response was empty.")
        }
        Error::RequiresApiKey { .. } | Error::NoAuthData { .. } | Error::NoAuthResolver { .. } => {
            ModelError::plain(ErrorClass::Auth, "A key is missing.")
        }
        _ => ModelError::plain(
            ErrorClass::BadRequest,
            "The request could not be converted for this provider.",
        ),
    }
}

fn from_call(error: &webc::Error) -> ModelError {
    match error {
        webc::Error::ResponseFailedStatus {
            status,
            body,
            headers,
        } => from_status(status.as_u16(), body, Some(headers)),
        webc::Error::Reqwest(error) => from_connection(error),
        _ => ModelError::plain(ErrorClass::Server, "The response could not be parsed."),
    }
}

fn from_boxed(error: &(dyn std::error::Error + Send + Sync + 'static)) -> ModelError {
    if let Some(error) = error.downcast_ref::<Error>() {
        return classify(error);
    }
    if error.is::<webc::StreamTimeout>() {
        return ModelError::plain(ErrorClass::Timeout, "The request timed out.");
    }
    error.downcast_ref::<reqwest::Error>().map_or_else(
        || ModelError::plain(ErrorClass::Network, "The answer was cut off."),
        from_connection,
    )
}

fn from_connection(error: &reqwest::Error) -> ModelError {
    match () {
        () if error.is_connect() => {
            ModelError::plain(ErrorClass::Network, "The connection failed.")
        }
        () if error.is_timeout() => {
            ModelError::plain(ErrorClass::Timeout, "The request timed out.")
        }
        () => ModelError::plain(ErrorClass::Network, "The answer was cut off."),
    }
}

/// Converts an error object inside a stream.
fn from_body(body: &Value) -> ModelError {
    let error = body.get("error").unwrap_or(body);
    let number = |name: &str| {
        error
            .get(name)
            .and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()))
    };
    let status = number("status_code")
        .or_else(|| number("code"))
        .and_then(|status| u16::try_from(status).ok());
    let status = status.filter(|status| (400..600).contains(status));
    let error = from_status(status.unwrap_or(500), &body.to_string(), None);
    ModelError { status, ..error }
}

/// Converts a status and its body.
fn from_status(status: u16, body: &str, headers: Option<&HeaderMap>) -> ModelError {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    // Gemini wraps its error in an array when it streams.
    let error = json.get(0).unwrap_or(&json);
    let error = error.get("error").unwrap_or(error);
    let message = error
        .get("message")
        .and_then(Value::as_str)
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
