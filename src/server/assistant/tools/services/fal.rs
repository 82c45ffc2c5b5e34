//! fal.ai's queue: hand the work in, ask how it stands, fetch the result. Its documentation:
//! <https://docs.fal.ai/model-apis/model-endpoints/queue>. A run that is given up takes its work
//! out of the queue.

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

/// Files of one result that are taken.
const FILES_MAX: usize = 4;

/// How often the queue is asked, and how often at most: half an hour in all.
#[derive(Debug, Clone, Copy)]
pub struct PollConfig {
    /// Between two times.
    pub every: Duration,
    /// At most.
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

/// A tool whose work fal.ai does.
#[derive(Clone)]
pub(super) struct FalTool {
    pub(super) media: Media,
    pub(super) service: Service,
    pub(super) client: reqwest::Client,
    pub(super) outbound: Outbound,
    pub(super) asking: PollConfig,
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
                .unless_cancelled(tool.make(&arguments, &context))
                .await
        })
    }
}

impl FalTool {
    async fn make(
        &self,
        arguments: &Value,
        context: &ToolContext,
    ) -> Result<ToolOutput, ToolError> {
        let prompt = arguments::prompt(arguments)?;
        let queue = Arc::new(Queue {
            client: self.client.clone(),
            service: self.service.clone(),
        });
        let work = queue.hand_in(self.media.input(&prompt, arguments)?).await?;
        let in_queue = queue.clone().guard(work, context.tasks.clone());
        let result = self.wait(&queue, &in_queue, context).await?;
        in_queue.is_done();
        let mut files = Vec::new();
        for url in addresses(&result).into_iter().take(FILES_MAX) {
            let bytes = self
                .outbound
                .fetch(&url, self.media.max_bytes())
                .await
                .map_err(|why| ToolError::Failed(capitalised(&why.to_string())))?;
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
                "The {kind} “{}” is done and already shown to the person.",
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
        work: &queue::InQueue,
        context: &ToolContext,
    ) -> Result<Value, ToolError> {
        for _ in 0..self.asking.times {
            match queue.standing(work).await? {
                QueueStatus::Waiting(progress) => drop(
                    context
                        .progress
                        .send_if_modified(|shown| advance(shown, progress)),
                ),
                QueueStatus::Done => return queue.result(work).await,
            }
            tokio::time::sleep(self.asking.every).await;
        }
        Err(ToolError::Failed("The service took too long.".to_owned()))
    }
}

/// Progress never goes back; a note that is gone is not shown any more.
fn advance(shown: &mut Progress, now: Progress) -> bool {
    let next = Progress {
        percent: now.percent.max(shown.percent),
        note: now.note,
    };
    std::mem::replace(shown, next.clone()) != next
}

/// The addresses of the files in a result: every object that has a `url`, in order.
fn addresses(result: &Value) -> Vec<String> {
    match result {
        Value::Object(fields) => match fields.get("url") {
            Some(Value::String(url)) => vec![url.clone()],
            _ => fields.values().flat_map(addresses).collect(),
        },
        Value::Array(values) => values.iter().flat_map(addresses).collect(),
        _ => Vec::new(),
    }
}
