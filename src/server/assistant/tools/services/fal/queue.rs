//! Requests to fal.ai's queue and their responses.

use super::super::{MESSAGE_MAX_CHARS, invalid_response, settings::Service, unreachable};
use crate::server::assistant::tool::{Progress, ToolError};
use reqwest::{Method, Url};
use serde_json::Value;
use std::sync::Arc;
use tokio_util::task::TaskTracker;

/// Maximum length of a progress note from the service's log, in characters.
const NOTE_MAX_CHARS: usize = 80;

pub(super) struct Queue {
    pub(super) client: reqwest::Client,
    pub(super) service: Service,
}

/// The URLs of a submitted job.
#[derive(Debug, Clone)]
pub(super) struct Job {
    status: Url,
    response: Url,
    cancel: Url,
}

/// The status of a job.
pub(super) enum QueueStatus {
    Waiting(Progress),
    Done,
}

/// A job in the queue; dropping it before it is done cancels it.
pub(super) struct QueuedJob {
    job: Job,
    queue: Arc<Queue>,
    tasks: TaskTracker,
    done: std::sync::atomic::AtomicBool,
}

impl QueuedJob {
    /// Marks the job as done, so that it is not cancelled.
    pub(super) fn mark_done(&self) {
        self.done.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Drop for QueuedJob {
    fn drop(&mut self) {
        if !self.done.load(std::sync::atomic::Ordering::Relaxed) {
            let (queue, cancel) = (self.queue.clone(), self.job.cancel.clone());
            self.tasks.spawn(async move {
                if queue.send(Method::PUT, cancel, None).await.is_err() {
                    tracing::warn!("an abandoned job could not be removed from fal.ai's queue");
                }
            });
        }
    }
}

impl Queue {
    pub(super) fn guard(self: Arc<Self>, job: Job, tasks: TaskTracker) -> QueuedJob {
        QueuedJob {
            job,
            queue: self,
            tasks,
            done: false.into(),
        }
    }

    pub(super) async fn submit(&self, input: Value) -> Result<Job, ToolError> {
        let url = self
            .service
            .base
            .join(&self.service.model)
            .map_err(|_| invalid_response())?;
        let answer = self.send(Method::POST, url, Some(input)).await?;
        let id = answer
            .get("request_id")
            .and_then(Value::as_str)
            .filter(|id| id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
        let id = id.ok_or_else(invalid_response)?;
        Ok(Job {
            status: self.job_url(&answer, "status_url", id, "/status")?,
            response: self.job_url(&answer, "response_url", id, "")?,
            cancel: self.job_url(&answer, "cancel_url", id, "/cancel")?,
        })
    }

    /// A URL from the response is used only if it has the origin of the service, because the key is
    /// sent to it. Otherwise the documented URL is used, under the first two parts of the model's
    /// name.
    fn job_url(&self, answer: &Value, name: &str, id: &str, end: &str) -> Result<Url, ToolError> {
        let url = answer
            .get(name)
            .and_then(Value::as_str)
            .and_then(|url| Url::parse(url).ok());
        if let Some(url) = url.filter(|url| url.origin() == self.service.base.origin()) {
            return Ok(url);
        }
        let app: Vec<&str> = self.service.model.split('/').take(2).collect();
        self.service
            .base
            .join(&format!("{}/requests/{id}{end}", app.join("/")))
            .map_err(|_| invalid_response())
    }

    pub(super) async fn status(&self, queued: &QueuedJob) -> Result<QueueStatus, ToolError> {
        let mut url = queued.job.status.clone();
        url.query_pairs_mut().append_pair("logs", "1");
        let answer = self.send(Method::GET, url, None).await?;
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
            Some("IN_PROGRESS") => Ok(QueueStatus::Waiting(progress_from_logs(&answer))),
            _ => Err(invalid_response()),
        }
    }

    pub(super) async fn result(&self, queued: &QueuedJob) -> Result<Value, ToolError> {
        self.send(Method::GET, queued.job.response.clone(), None)
            .await
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
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
            .request(method, url)
            .header("authorization", key);
        let request = if let Some(body) = body {
            request.json(&body)
        } else {
            request
        };
        let response = request.send().await.map_err(|_| unreachable())?;
        let status = response.status();
        let body: Value = response.json().await.unwrap_or_default();
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
            .take(MESSAGE_MAX_CHARS)
            .collect();
        Err(ToolError::Failed(format!(
            "The service answered {}{detail}",
            status.as_u16()
        )))
    }
}

/// The progress in the last line of the service's log.
fn progress_from_logs(answer: &Value) -> Progress {
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
    let note: String = line.chars().take(NOTE_MAX_CHARS).collect();
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
    fn progress_is_read_from_the_log() {
        let progress = |line: &str| {
            progress_from_logs(&json!({ "logs": [{ "message": "start" }, { "message": line }] }))
        };
        assert_eq!(progress(" 50%|█████     | 2/4").percent, Some(50));
        assert_eq!(progress("5%").percent, Some(5));
        assert_eq!(
            progress("loading"),
            Progress {
                percent: None,
                note: Some("loading".into())
            }
        );
        assert_eq!(progress("7000%").percent, None);
        assert_eq!(progress_from_logs(&json!({})), Progress::default());
    }
}
