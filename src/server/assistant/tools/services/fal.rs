//! Tools on fal.ai's queue: submit a request, poll its status, fetch the result. See
//! <https://docs.fal.ai/model-apis/model-endpoints/queue>. A cancelled run removes its request from
//! the queue.

mod queue;

use super::settings::Service;
use crate::server::{
    assistant::{
        tool::{Progress, Tool, ToolContext, ToolDefinition, ToolError, ToolOutput},
        tools::{arguments, media::Media},
    },
    base::{error::capitalised, outbound::Outbound},
};
use futures::future::BoxFuture;
use queue::{Queue, QueueStatus};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// Maximum number of files of one result.
const FILES_MAX: usize = 4;

/// The polling of the queue; half an hour in total by default.
#[derive(Debug, Clone, Copy)]
pub struct PollConfig {
    /// Time between two polls.
    pub every: Duration,
    /// Maximum number of polls.
    pub times: u32,
}

impl Default for PollConfig {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(1),
            times: 1_800,
        }
    }
}

/// A tool that runs on fal.ai.
#[derive(Clone)]
pub(super) struct FalTool {
    pub(super) media: Media,
    pub(super) service: Service,
    pub(super) client: reqwest::Client,
    pub(super) outbound: Outbound,
    pub(super) poll: PollConfig,
}

impl Tool for FalTool {
    fn definition(&self) -> ToolDefinition {
        self.media.definition()
    }

    fn title(&self, arguments: &Value) -> String {
        self.media.title(arguments)
    }

    fn run(
        &self,
        arguments: Value,
        context: ToolContext,
    ) -> BoxFuture<'static, Result<ToolOutput, ToolError>> {
        let tool = self.clone();
        Box::pin(async move {
            context
                .unless_cancelled(tool.generate(&arguments, &context))
                .await
        })
    }
}

impl FalTool {
    async fn generate(
        &self,
        arguments: &Value,
        context: &ToolContext,
    ) -> Result<ToolOutput, ToolError> {
        let prompt = arguments::prompt(arguments)?;
        let queue = Arc::new(Queue {
            client: self.client.clone(),
            service: self.service.clone(),
        });
        let job = queue.submit(self.media.input(&prompt, arguments)?).await?;
        let queued = queue.clone().guard(job, context.tasks.clone());
        let result = self.wait(&queue, &queued, context).await?;
        queued.mark_done();
        let mut files = Vec::new();
        for url in file_urls(&result).into_iter().take(FILES_MAX) {
            let bytes = self
                .outbound
                .fetch(&url, self.media.max_bytes())
                .await
                .map_err(|error| ToolError::Failed(capitalised(&error.to_string())))?;
            files.push(self.media.file(&prompt, bytes)?);
        }
        if files.is_empty() {
            return Err(ToolError::Failed(format!(
                "The service sent no {}.",
                self.media.kind()
            )));
        }
        let kind = self.media.kind();
        Ok(ToolOutput {
            text: format!(
                "The {kind} “{}” is done and already shown to the user.",
                prompt.text()
            ),
            details: Some(format!(
                "Prompt: {}\nMade by {} on fal.ai.",
                prompt.text(),
                self.service.model
            )),
            files,
        })
    }

    async fn wait(
        &self,
        queue: &Queue,
        job: &queue::QueuedJob,
        context: &ToolContext,
    ) -> Result<Value, ToolError> {
        for _ in 0..self.poll.times {
            match queue.status(job).await? {
                QueueStatus::Waiting(progress) => drop(
                    context
                        .progress
                        .send_if_modified(|current| advance(current, progress)),
                ),
                QueueStatus::Done => return queue.result(job).await,
            }
            tokio::time::sleep(self.poll.every).await;
        }
        Err(ToolError::Failed("The service took too long.".to_owned()))
    }
}

/// Updates the progress: it never goes back, and a note that is gone is removed.
fn advance(current: &mut Progress, new: Progress) -> bool {
    let next = Progress {
        percent: new.percent.max(current.percent),
        note: new.note,
    };
    std::mem::replace(current, next.clone()) != next
}

/// The URLs of the files in a result: those of all objects with a `url`, in order.
fn file_urls(result: &Value) -> Vec<String> {
    match result {
        Value::Object(fields) => match fields.get("url") {
            Some(Value::String(url)) => vec![url.clone()],
            _ => fields.values().flat_map(file_urls).collect(),
        },
        Value::Array(values) => values.iter().flat_map(file_urls).collect(),
        _ => Vec::new(),
    }
}
