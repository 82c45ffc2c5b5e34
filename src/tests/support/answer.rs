//! An answer of the HTTP API, read whole.

use serde_json::Value;
use std::{future::Future, time::Duration};

/// How long anything may take before the test fails; generous, because it only ends what would
/// hang.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits for `future`, but not for ever.
pub(in crate::tests) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// An answer, read whole.
#[derive(Debug)]
pub(in crate::tests) struct Answer {
    pub(in crate::tests) status: u16,
    pub(in crate::tests) headers: reqwest::header::HeaderMap,
    pub(in crate::tests) bytes: Vec<u8>,
}

impl Answer {
    /// Sends a request and reads its answer.
    pub(in crate::tests) async fn to(request: reqwest::RequestBuilder) -> Self {
        within("an answer", async {
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

    /// The values of a header that may stand more than once.
    pub(in crate::tests) fn headers(&self, name: &str) -> Vec<&str> {
        self.headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect()
    }

    /// The names of the fields that a problem refuses.
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
