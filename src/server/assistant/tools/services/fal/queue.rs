//! The requests to fal.ai's queue and what its answers mean.

use super::super::{MESSAGE_MAX, odd, settings::Service, unreachable};
use crate::server::assistant::tool::{Progress, ToolError};
use reqwest::{Method, Url};
use serde_json::Value;
use std::sync::Arc;
use tokio_util::task::TaskTracker;

/// Longest note that is shown of the service's own log, in characters.
const NOTE_MAX: usize = 80;

pub(super) struct Queue {
    pub(super) client: reqwest::Client,
    pub(super) service: Service,
}

/// Where one asks about work that was handed in.
#[derive(Debug, Clone)]
pub(super) struct Work {
    status: Url,
    response: Url,
    cancel: Url,
}

/// How work stands.
pub(super) enum QueueStatus {
    Waiting(Progress),
    Done,
}

/// Work in the queue; dropping it before it is done takes it out again.
pub(super) struct InQueue {
    work: Work,
    queue: Arc<Queue>,
    tasks: TaskTracker,
    done: std::sync::atomic::AtomicBool,
}

impl InQueue {
    /// There is nothing to take out any more.
    pub(super) fn is_done(&self) {
        self.done.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Drop for InQueue {
    fn drop(&mut self) {
        if !self.done.load(std::sync::atomic::Ordering::Relaxed) {
            let (queue, cancel) = (self.queue.clone(), self.work.cancel.clone());
            self.tasks.spawn(async move {
                if queue.ask(Method::PUT, cancel, None).await.is_err() {
                    tracing::warn!("work that was given up could not be taken out of the queue");
                }
            });
        }
    }
}

impl Queue {
    pub(super) fn guard(self: Arc<Self>, work: Work, tasks: TaskTracker) -> InQueue {
        InQueue {
            work,
            queue: self,
            tasks,
            done: false.into(),
        }
    }

    pub(super) async fn hand_in(&self, input: Value) -> Result<Work, ToolError> {
        let address = self
            .service
            .base
            .join(&self.service.model)
            .map_err(|_| odd())?;
        let answer = self.ask(Method::POST, address, Some(input)).await?;
        let id = answer
            .get("request_id")
            .and_then(Value::as_str)
            .filter(|id| id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
        let id = id.ok_or_else(odd)?;
        Ok(Work {
            status: self.address(&answer, "status_url", id, "/status")?,
            response: self.address(&answer, "response_url", id, "")?,
            cancel: self.address(&answer, "cancel_url", id, "/cancel")?,
        })
    }

    /// An address that the service names is asked only where the service itself is: the key goes
    /// with it. Otherwise it is what the documentation gives, under the first two parts of the
    /// model's name.
    fn address(&self, answer: &Value, name: &str, id: &str, end: &str) -> Result<Url, ToolError> {
        let named = answer
            .get(name)
            .and_then(Value::as_str)
            .and_then(|url| Url::parse(url).ok());
        if let Some(named) = named.filter(|url| url.origin() == self.service.base.origin()) {
            return Ok(named);
        }
        let app: Vec<&str> = self.service.model.split('/').take(2).collect();
        self.service
            .base
            .join(&format!("{}/requests/{id}{end}", app.join("/")))
            .map_err(|_| odd())
    }

    pub(super) async fn standing(&self, work: &InQueue) -> Result<QueueStatus, ToolError> {
        let mut address = work.work.status.clone();
        address.query_pairs_mut().append_pair("logs", "1");
        let answer = self.ask(Method::GET, address, None).await?;
        match answer.get("status").and_then(Value::as_str) {
            Some("COMPLETED") => Ok(QueueStatus::Done),
            Some("IN_QUEUE") => {
                let position = answer.get("queue_position").and_then(Value::as_u64);
                let note = position.map_or_else(
                    || "in the queue".to_owned(),
                    |before| format!("in the queue, {before} before it"),
                );
                Ok(QueueStatus::Waiting(Progress {
                    percent: None,
                    note: Some(note),
                }))
            }
            Some("IN_PROGRESS") => Ok(QueueStatus::Waiting(of_logs(&answer))),
            _ => Err(odd()),
        }
    }

    pub(super) async fn result(&self, work: &InQueue) -> Result<Value, ToolError> {
        self.ask(Method::GET, work.work.response.clone(), None)
            .await
    }

    async fn ask(
        &self,
        method: Method,
        address: Url,
        body: Option<Value>,
    ) -> Result<Value, ToolError> {
        let key = self
            .service
            .key
            .as_ref()
            .map(|key| format!("Key {}", key.reveal()))
            .unwrap_or_default();
        let request = self
            .client
            .request(method, address)
            .header("authorization", key);
        let request = if let Some(body) = body {
            request.json(&body)
        } else {
            request
        };
        let answer = request.send().await.map_err(|_| unreachable())?;
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or_default();
        if status.is_success() {
            return Ok(body);
        }
        let detail = body.get("detail").map(|detail| {
            detail
                .as_str()
                .map_or_else(|| detail.to_string(), str::to_owned)
        });
        let detail: String = detail
            .map(|detail| format!(": {detail}"))
            .unwrap_or_default()
            .chars()
            .take(MESSAGE_MAX)
            .collect();
        Err(ToolError::Failed(format!(
            "The service answered {}{detail}",
            status.as_u16()
        )))
    }
}

/// The last line of the service's log, and the share of the work that it tells.
fn of_logs(answer: &Value) -> Progress {
    let last = answer
        .get("logs")
        .and_then(Value::as_array)
        .and_then(|logs| logs.last()?.get("message")?.as_str());
    let line = last.unwrap_or_default();
    let before = line.split_once('%').map(|(before, _)| before);
    let digits = before.map(|before| {
        &before[before.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| {
            at + before[at..].chars().next().map_or(1, char::len_utf8)
        })..]
    });
    let percent = digits
        .and_then(|digits| digits.parse().ok())
        .filter(|percent| *percent < 100);
    let note: String = line.chars().take(NOTE_MAX).collect();
    Progress {
        percent,
        note: Some(note).filter(|note| percent.is_none() && !note.trim().is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_share_of_the_work_is_read_from_the_log() {
        let of =
            |line: &str| of_logs(&json!({ "logs": [{ "message": "start" }, { "message": line }] }));
        assert_eq!(of(" 50%|█████     | 2/4").percent, Some(50));
        assert_eq!(of("5%").percent, Some(5));
        assert_eq!(
            of("loading"),
            Progress {
                percent: None,
                note: Some("loading".into())
            }
        );
        assert_eq!(of("7000%").percent, None);
        assert_eq!(of_logs(&json!({})), Progress::default());
    }
}
