//! Concurrent writers that record which writes the server acknowledged and which it did not.

use super::home::Caller;
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tokio::{sync::watch, task::JoinSet};

/// The writes the server acknowledged, and those without a response.
#[derive(Default)]
pub struct Acknowledged {
    /// Entries by id, as last returned.
    pub entries: HashMap<String, Value>,
    /// The conversation of each message, by message id.
    pub messages: HashMap<String, String>,
    /// Titles, also the idempotency keys, of creates without a response.
    pub unanswered: Vec<String>,
}

/// The writers of one round.
pub struct Load {
    pub acknowledged: Arc<Mutex<Acknowledged>>,
    writes: watch::Receiver<usize>,
    writers: JoinSet<()>,
}

#[derive(Clone)]
struct Writer {
    caller: Caller,
    name: String,
    acknowledged: Arc<Mutex<Acknowledged>>,
    writes: watch::Sender<usize>,
}

/// The request body that creates an entry.
pub fn draft(title: &str) -> Value {
    let details = title.repeat(20);
    json!({ "logType": "tool_call", "status": "working", "title": title, "details": details })
}

impl Load {
    /// Starts writers of entries and of messages; they stop when the server dies.
    pub fn start(caller: &Caller, round: usize) -> Self {
        let (sender, writes) = watch::channel(0);
        let acknowledged = Arc::<Mutex<Acknowledged>>::default();
        let mut writers = JoinSet::new();
        for number in 0..6 {
            let name = format!("round {round} writer {number}");
            let writer = Writer {
                caller: caller.clone(),
                name,
                acknowledged: acknowledged.clone(),
                writes: sender.clone(),
            };
            if number < 4 {
                writers.spawn(writer.write_entries())
            } else {
                writers.spawn(writer.send_messages())
            };
        }
        Self {
            acknowledged,
            writes,
            writers,
        }
    }

    /// Waits until this many writes were acknowledged.
    pub async fn wait_for_writes(&mut self, writes: usize) {
        super::home::within("writes", self.writes.wait_for(|done| *done >= writes))
            .await
            .unwrap();
    }

    /// Waits until every writer has stopped.
    pub async fn wait_for_end(mut self) -> Acknowledged {
        while let Some(ended) = self.writers.join_next().await {
            ended.unwrap();
        }
        std::mem::take(&mut *self.acknowledged.lock().unwrap())
    }
}

impl Writer {
    fn record(&self, change: impl FnOnce(&mut Acknowledged)) {
        change(&mut self.acknowledged.lock().unwrap());
        self.writes.send_modify(|writes| *writes += 1);
    }

    fn record_entry(&self, entry: &Value) {
        let id = entry["id"].as_str().unwrap().to_owned();
        self.record(|acknowledged| drop(acknowledged.entries.insert(id, entry.clone())));
    }

    async fn write_entries(self) {
        for number in 0.. {
            let title = format!("{} entry {number}", self.name);
            let request = self
                .caller
                .request(Method::POST, "/api/work-log/create")
                .header("idempotency-key", &title);
            let Some((status, body)) = self.caller.tries(request.json(&draft(&title))).await else {
                self.acknowledged.lock().unwrap().unanswered.push(title);
                return;
            };
            assert_eq!(status, 201, "{body}");
            self.record_entry(&body["log"]);
            let address = format!("/api/work-log/{}", body["log"]["id"].as_str().unwrap());
            let done = self
                .caller
                .request(Method::PATCH, &address)
                .json(&json!({ "status": "success" }));
            let Some((status, body)) = self.caller.tries(done).await else {
                return;
            };
            assert_eq!(status, 200, "{body}");
            self.record_entry(&body["log"]);
        }
    }

    async fn send_messages(self) {
        loop {
            let Some((_, created)) = self
                .caller
                .tries(
                    self.caller
                        .request(Method::POST, "/api/conversations")
                        .json(&json!({})),
                )
                .await
            else {
                return;
            };
            let conversation = created["conversation"]["id"].as_str().unwrap().to_owned();
            for content in [
                "Tell me something long",
                "Show me a fallback",
                "Paint a tree",
            ] {
                let request = self.caller.request(
                    Method::POST,
                    &format!("/api/conversations/{conversation}/messages"),
                );
                let Some((status, body)) = self
                    .caller
                    .tries(request.json(&json!({ "content": content })))
                    .await
                else {
                    return;
                };
                if status == 202 {
                    let id = body["message"]["id"].as_str().unwrap().to_owned();
                    self.record(|acknowledged| {
                        drop(acknowledged.messages.insert(id, conversation.clone()))
                    });
                }
            }
        }
    }
}
