//! Speaking with the provider: short waits, small answers, no redirects, and nothing of what was
//! sent in an error.

use crate::server::base::outbound::reason;
use futures::StreamExt;
use reqwest::{Client, RequestBuilder, Url, redirect::Policy};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Largest answer that is read.
const ANSWER_MAX_BYTES: usize = 512 * 1024;

/// Speaks with the provider; cheap to clone.
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

    /// Asks for what is at an address.
    pub fn get(&self, url: &str) -> RequestBuilder {
        self.0.get(url)
    }

    /// Posts a form.
    pub fn post(&self, url: &str, form: &[(&str, &str)]) -> RequestBuilder {
        self.0
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(encoded(form))
    }
}

/// The answer to a request. Errors: why there is none; a provider's own word (`error`, RFC 6749) is
/// passed on if it is one.
pub async fn answer(request: RequestBuilder) -> Result<Vec<u8>, String> {
    let response = request
        .header("accept", "application/json")
        .send()
        .await
        .map_err(|why| reason(&why))?;
    let status = response.status();
    let mut bytes = Vec::new();
    let mut body = response.bytes_stream();
    while let Some(piece) = body.next().await {
        bytes.extend_from_slice(&piece.map_err(|why| reason(&why))?);
        if bytes.len() > ANSWER_MAX_BYTES {
            return Err(format!(
                "it answered with more than {ANSWER_MAX_BYTES} bytes"
            ));
        }
    }
    if status.is_success() {
        Ok(bytes)
    } else {
        Err(format!("it answered {}{}", status.as_u16(), word(&bytes)))
    }
}

/// The JSON answer to a request.
pub async fn json<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, String> {
    serde_json::from_slice(&answer(request).await?)
        .map_err(|_| "its answer cannot be read".to_owned())
}

/// A form or a query in the form of addresses.
pub fn encoded(pairs: &[(&str, &str)]) -> String {
    let mut url = Url::parse("form:").expect("it is an address");
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

/// An error's code, which is plain text; its description may hold anything and is left out.
fn word(body: &[u8]) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let plain = |word: &&str| {
        word.len() <= 60
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    body["error"]
        .as_str()
        .filter(plain)
        .map(|word| format!(" ({word})"))
        .unwrap_or_default()
}
