//! HTTP client for the provider: short timeouts, small responses, no redirects, and errors without
//! anything from the request.

use crate::server::base::outbound::reason;
use futures::StreamExt;
use reqwest::{Client, RequestBuilder, Url, redirect::Policy};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// Timeout of a request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum size of a response.
const RESPONSE_MAX_BYTES: usize = 512 * 1024;

/// Sends requests to the provider; cheap to clone.
#[derive(Clone)]
pub struct HttpClient(Client);

impl HttpClient {
    /// Errors: the TLS library cannot be set up.
    pub fn new() -> Result<Self, reqwest::Error> {
        Ok(Self(
            Client::builder()
                .timeout(TIMEOUT)
                .redirect(Policy::none())
                .build()?,
        ))
    }

    /// Starts a GET request.
    pub fn get(&self, url: &str) -> RequestBuilder {
        self.0.get(url)
    }

    /// Starts a POST request with a form.
    pub fn post(&self, url: &str, form: &[(&str, &str)]) -> RequestBuilder {
        self.0
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(encoded(form))
    }
}

/// Sends a request and returns the response body. Errors: what went wrong, with the provider's
/// error code (`error`, RFC 6749) if it sent one.
pub async fn send(request: RequestBuilder) -> Result<Vec<u8>, String> {
    let response = request
        .header("accept", "application/json")
        .send()
        .await
        .map_err(|error| reason(&error))?;
    let status = response.status();
    let mut bytes = Vec::new();
    let mut body = response.bytes_stream();
    while let Some(chunk) = body.next().await {
        bytes.extend_from_slice(&chunk.map_err(|error| reason(&error))?);
        if bytes.len() > RESPONSE_MAX_BYTES {
            return Err(format!(
                "it answered with more than {RESPONSE_MAX_BYTES} bytes"
            ));
        }
    }
    if status.is_success() {
        Ok(bytes)
    } else {
        let code = error_code(&bytes);
        Err(format!("it answered {}{code}", status.as_u16()))
    }
}

/// Sends a request and parses the JSON response.
pub async fn json<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, String> {
    serde_json::from_slice(&send(request).await?)
        .map_err(|_| "its answer is not the expected JSON".to_owned())
}

/// Encodes a form or query (`application/x-www-form-urlencoded`).
pub fn encoded(pairs: &[(&str, &str)]) -> String {
    let mut url = Url::parse("form:").expect("it is a valid URL");
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

/// The error code in a response, if it is plain text. The description may contain anything and is
/// left out.
fn error_code(body: &[u8]) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let is_plain = |word: &&str| {
        word.len() <= 60
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    body["error"]
        .as_str()
        .filter(is_plain)
        .map(|word| format!(" ({word})"))
        .unwrap_or_default()
}
