//! A client of the HTTP API: requests with a user's key or cookie, one method per use.

use super::{Answer, Sse};
use crate::domain::ids::UserId;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

/// A user's client, with an API key, a cookie or no credentials.
#[derive(Clone)]
pub(in crate::tests) struct Person {
    pub(in crate::tests) id: UserId,
    pub(in crate::tests) client: Client,
    pub(in crate::tests) base: String,
    pub(in crate::tests) credential: Option<(&'static str, String)>,
}

impl Person {
    /// A request with the user's credentials.
    pub(in crate::tests) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.credential {
            Some((name, value)) => request.header(*name, value),
            None => request,
        }
    }

    pub(in crate::tests) async fn gets(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::GET, path)).await
    }

    pub(in crate::tests) async fn posts(&self, path: &str, body: Value) -> Answer {
        Answer::to(self.request(Method::POST, path).json(&body)).await
    }

    pub(in crate::tests) async fn sends_patch(&self, path: &str, body: Value) -> Answer {
        Answer::to(self.request(Method::PATCH, path).json(&body)).await
    }

    pub(in crate::tests) async fn deletes(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::DELETE, path)).await
    }

    /// Posts a form from the page `from`, as a browser without JavaScript does.
    pub(in crate::tests) async fn submits(
        &self,
        path: &str,
        from: &str,
        form: &[(&str, &str)],
    ) -> Answer {
        let body = form
            .iter()
            .map(|(name, value)| format!("{name}={}", percent_encoded(value)))
            .collect::<Vec<_>>()
            .join("&");
        let request = self
            .request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded");
        let request = request
            .header("accept", "text/html,application/xhtml+xml")
            .header("referer", format!("{}{from}", self.base));
        Answer::to(request.header("origin", &self.base).body(body)).await
    }

    /// Follows a redirect with the cookies that came with it.
    pub(in crate::tests) async fn follows(&self, redirect: &Answer) -> Answer {
        let own = self.credential.iter().map(|(_, cookie)| cookie.as_str());
        let set = redirect.headers("set-cookie");
        let set = set.iter().filter_map(|cookie| cookie.split(';').next());
        let cookies: Vec<&str> = own.chain(set).collect();
        let location = redirect.header("location").trim_start_matches(&self.base);
        let browser = Self {
            credential: Some(("cookie", cookies.join("; "))),
            ..self.clone()
        };
        browser.gets(location).await
    }

    /// Creates an entry and returns it.
    pub(in crate::tests) async fn creates(&self, body: Value) -> Value {
        self.posts("/api/work-log/create", body).await.expect(201)["log"].clone()
    }

    /// Creates a note with this title and returns it.
    pub(in crate::tests) async fn notes(&self, title: &str) -> Value {
        self.creates(json!({ "logType": "info", "status": "info", "title": title }))
            .await
    }

    /// Changes an entry and returns it.
    pub(in crate::tests) async fn patches(&self, entry: &Value, body: Value) -> Value {
        self.sends_patch(&address_of(entry), body).await.expect(200)["log"].clone()
    }

    /// The response to a list with these parameters.
    pub(in crate::tests) async fn lists(&self, query: &str) -> Value {
        self.gets(&format!("/api/work-log/list?{query}"))
            .await
            .expect(200)
    }

    /// The user's current cursor.
    pub(in crate::tests) async fn cursor(&self) -> String {
        self.lists("limit=1").await["cursor"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Opens a stream with these parameters, before its first heartbeat.
    pub(in crate::tests) async fn streams(&self, query: &str) -> Sse {
        Sse::open(self.request(Method::GET, &format!("/api/work-log/stream?{query}"))).await
    }

    /// Creates a conversation and returns its id.
    pub(in crate::tests) async fn begins(&self) -> String {
        self.posts("/api/conversations", json!({}))
            .await
            .expect(201)["conversation"]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Sends a message and returns the response.
    pub(in crate::tests) async fn says(&self, conversation: &str, content: &str) -> Value {
        self.posts(
            &format!("/api/conversations/{conversation}/messages"),
            json!({ "content": content }),
        )
        .await
        .expect(202)
    }

    /// Waits until a tool call in a conversation needs approval, and returns its entry.
    pub(in crate::tests) async fn awaits_a_question(&self, conversation: &str) -> Value {
        let mut cursor = self.cursor().await;
        loop {
            let entries = self.entries(conversation).await;
            let is_waiting = |entry: &Value| {
                entry["status"] == "working" && entry["metadata"]["approval"]["state"] == "waiting"
            };
            if let Some(entry) = entries.iter().find(|entry| is_waiting(entry)) {
                return entry.clone();
            }
            cursor = self.lists(&format!("after={cursor}&wait=20")).await["cursor"]
                .as_str()
                .unwrap()
                .to_owned();
        }
    }

    /// Decides on an entry's pending approval.
    pub(in crate::tests) async fn decides(&self, entry: &Value, decision: &str) -> Answer {
        let (conversation, id) = (
            entry["conversationId"].as_str().unwrap(),
            entry["id"].as_str().unwrap(),
        );
        self.posts(
            &format!("/api/conversations/{conversation}/approvals/{id}"),
            json!({ "decision": decision }),
        )
        .await
    }

    /// A conversation with its messages, oldest first.
    pub(in crate::tests) async fn reads(&self, conversation: &str) -> Value {
        self.gets(&format!("/api/conversations/{conversation}"))
            .await
            .expect(200)["conversation"]
            .clone()
    }

    /// Waits until no turn runs in a conversation, and returns it.
    pub(in crate::tests) async fn awaits_the_end(&self, conversation: &str) -> Value {
        let mut cursor = self.cursor().await;
        loop {
            let read = self.reads(conversation).await;
            if read["runningTurnId"].is_null() {
                return read;
            }
            let changed = self.lists(&format!("after={cursor}&wait=20")).await;
            cursor = changed["cursor"].as_str().unwrap().to_owned();
        }
    }

    /// The entries of a conversation, oldest first.
    pub(in crate::tests) async fn entries(&self, conversation: &str) -> Vec<Value> {
        let mut logs = self
            .lists(&format!("conversationId={conversation}&limit=200"))
            .await["logs"]
            .as_array()
            .unwrap()
            .clone();
        logs.reverse();
        logs
    }
}

/// The path of an entry.
pub(in crate::tests) fn address_of(entry: &Value) -> String {
    format!("/api/work-log/{}", entry["id"].as_str().unwrap())
}

fn percent_encoded(text: &str) -> String {
    let is_unreserved = |byte: &u8| byte.is_ascii_alphanumeric();
    text.bytes()
        .map(|byte| {
            if is_unreserved(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
