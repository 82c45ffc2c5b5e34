//! Several writers at once, who note what the server acknowledged and what they still wait for.

use super::home::Caller;
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tokio::{sync::watch, task::JoinSet};

/// What the server said yes to.
#[derive(Default)]
pub struct Acknowledged {
    /// Entries by id, as they were last answered.
    pub entries: HashMap<String, Value>,
    /// Messages by id, with their conversation.
    pub messages: HashMap<String, String>,
    /// Creates that were sent and not answered, by title, which is also their idempotency key.
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

/// What is posted to create the entry with this title.
pub fn draft(title: &str) -> Value {
    json!({ "logType": "tool_call", "status": "working", "title": title, "details": title.repeat(20) })
}

impl Load {
    /// Starts writers of entries and of messages; they end when the server dies.
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
                writers.spawn(writer.writes_entries())
            } else {
                writers.spawn(writer.sends_messages())
            };
        }
        Self {
            acknowledged,
            writes,
            writers,
        }
    }

    /// Waits until so many writes were acknowledged.
    pub async fn acknowledged(&mut self, writes: usize) {
        super::home::within("writes", self.writes.wait_for(|done| *done >= writes))
            .await
            .unwrap();
    }

    /// Waits until every writer noticed that the server is gone.
    pub async fn ends(mut self) -> Acknowledged {
        while let Some(ended) = self.writers.join_next().await {
            ended.unwrap();
        }
        std::mem::take(&mut *self.acknowledged.lock().unwrap())
    }
}

impl Writer {
    fn note(&self, how: impl FnOnce(&mut Acknowledged)) {
        how(&mut self.acknowledged.lock().unwrap());
        self.writes.send_modify(|writes| *writes += 1);
    }

    fn note_entry(&self, entry: &Value) {
        let id = entry["id"].as_str().unwrap().to_owned();
        self.note(|acknowledged| drop(acknowledged.entries.insert(id, entry.clone())));
    }

    async fn writes_entries(self) {
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
            self.note_entry(&body["log"]);
            let address = format!("/api/work-log/{}", body["log"]["id"].as_str().unwrap());
            let done = self
                .caller
                .request(Method::PATCH, &address)
                .json(&json!({ "status": "success" }));
            let Some((status, body)) = self.caller.tries(done).await else {
                return;
            };
            assert_eq!(status, 200, "{body}");
            self.note_entry(&body["log"]);
        }
    }

    async fn sends_messages(self) {
        loop {
            let Some((_, begun)) = self
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
            let here = begun["conversation"]["id"].as_str().unwrap().to_owned();
            for content in [
                "Tell me something long",
                "Show me a fallback",
                "Paint a tree",
            ] {
                let request = self
                    .caller
                    .request(Method::POST, &format!("/api/conversations/{here}/messages"));
                let Some((status, body)) = self
                    .caller
                    .tries(request.json(&json!({ "content": content })))
                    .await
                else {
                    return;
                };
                if status == 202 {
                    let id = body["message"]["id"].as_str().unwrap().to_owned();
                    self.note(|acknowledged| drop(acknowledged.messages.insert(id, here.clone())));
                }
            }
        }
    }
}
