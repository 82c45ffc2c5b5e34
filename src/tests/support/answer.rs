//! A complete response of the HTTP API.

use serde_json::Value;
use std::{future::Future, time::Duration};

/// Generous: it only ends tests that would hang.
const TEST_TIMEOUT: Duration = Duration::from_secs(120);

/// Waits for `future`; panics after [`TEST_TIMEOUT`].
pub(in crate::tests) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(TEST_TIMEOUT, future)
        .await
        .unwrap_or_else(|_| panic!("timed out waiting for {what}"))
}

/// A response with its whole body.
#[derive(Debug)]
pub(in crate::tests) struct Answer {
    pub(in crate::tests) status: u16,
    pub(in crate::tests) headers: reqwest::header::HeaderMap,
    pub(in crate::tests) bytes: Vec<u8>,
}

impl Answer {
    /// Sends a request and reads the response.
    pub(in crate::tests) async fn to(request: reqwest::RequestBuilder) -> Self {
        within("a response", async {
            let response = request.send().await.unwrap();
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Self {
                status,
                headers,
                bytes: response.bytes().await.unwrap().to_vec(),
            }
        })
        .await
    }

    pub(in crate::tests) fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }

    pub(in crate::tests) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|why| panic!("{why}: {}", self.text()))
    }

    /// The body, after checking the status.
    pub(in crate::tests) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    pub(in crate::tests) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Whether it signs in a browser.
    pub(in crate::tests) fn sets_session(&self) -> bool {
        let cookies = self.headers("set-cookie");
        cookies
            .iter()
            .any(|cookie| cookie.starts_with("holly_session="))
    }

    /// All values of a header that may be repeated.
    pub(in crate::tests) fn headers(&self, name: &str) -> Vec<&str> {
        self.headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect()
    }

    /// The names of the invalid fields of a 422 problem response.
    pub(in crate::tests) fn refused_fields(&self) -> Vec<String> {
        let problem = self.expect(422);
        problem["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| field["field"].as_str().unwrap().to_owned())
            .collect()
    }
}
