//! How every demo producer works: in steps that one can watch and stop, then one file, labelled as a demo. Words in
//! the prompt steer it: "slow" takes its time, "fail" and "broken" come to nothing.

use std::time::Duration;

use super::{arguments, prompt::Prompt};
use crate::server::assistant::tool::{ProducedFile, ToolContext, ToolError, ToolOutput};
use serde_json::Value;

/// Progress when every step is done and only the file is missing, in percent.
const STEPS_DONE: u8 = 95;
/// Steps after which a run that is to fail fails.
const STEPS_BEFORE_FAILURE: u8 = 2;
/// Largest factor on waits.
const SLOWEST_PACE: f64 = 1_000.0;

/// What sets one producer apart from the others.
#[derive(Clone, Copy, Debug)]
pub struct Studio {
    /// How the work log calls its work: "Image".
    pub label: &'static str,
    /// What it makes, in one word: "picture".
    pub kind: &'static str,
    /// Media type of its files.
    pub media_type: &'static str,
    /// Extension of its files.
    pub extension: &'static str,
    /// What it says when it fails.
    pub excuse: &'static str,
}

impl Studio {
    /// A work log title from whatever a model gave as arguments.
    pub fn title(&self, arguments: &Value) -> String {
        arguments::title(self.label, arguments)
    }

    /// Goes through the steps, then makes the file on a thread where it holds nobody up.
    pub async fn produce(
        self,
        prompt: Prompt,
        context: ToolContext,
        make: impl FnOnce(&Prompt) -> Vec<u8> + Send + 'static,
    ) -> Result<ToolOutput, ToolError> {
        self.work_through(&prompt, &context).await?;
        let making = tokio::task::spawn_blocking(move || (make(&prompt), prompt));
        let unmade = |_| ToolError::Failed(format!("The {} could not be made.", self.kind));
        let (bytes, prompt) = context
            .unless_cancelled(async { making.await.map_err(unmade) })
            .await?;
        advance(&context, 100);
        Ok(self.output(&prompt, bytes))
    }

    async fn work_through(&self, prompt: &Prompt, context: &ToolContext) -> Result<(), ToolError> {
        let (steps, each) = if prompt.has(&["slow"]) {
            (12, 1.0)
        } else {
            (4, 0.3)
        };
        let fails = prompt.has(&["fail", "failing", "failure", "broken"]);
        for step in 1..=steps {
            wait(each, context).await?;
            advance(context, STEPS_DONE / steps * step);
            if fails && step == STEPS_BEFORE_FAILURE {
                return Err(ToolError::Failed(self.excuse.to_owned()));
            }
        }
        Ok(())
    }

    fn output(&self, prompt: &Prompt, bytes: Vec<u8>) -> ToolOutput {
        let Self { kind, .. } = self;
        ToolOutput {
            text: format!(
                "The {kind} “{}” is done and already shown to the person. It was made by the demo producer.",
                prompt.text()
            ),
            details: Some(format!(
                "Prompt: {}\nMade by the built-in demo producer, without any outside service: {}, {} bytes.",
                prompt.text(),
                self.media_type,
                bytes.len()
            )),
            files: vec![ProducedFile {
                bytes,
                media_type: self.media_type,
                name: prompt.file_name(kind, self.extension),
                description: prompt.description(kind),
            }],
        }
    }
}

/// Waits for `seconds` times the pace, or until the turn is stopped.
async fn wait(seconds: f64, context: &ToolContext) -> Result<(), ToolError> {
    if context.cancel.is_cancelled() {
        return Err(ToolError::Cancelled);
    }
    if context.pace > 0.0 {
        let pause = Duration::from_secs_f64(seconds * context.pace.min(SLOWEST_PACE));
        tokio::select! {
            biased;
            () = context.cancel.cancelled() => return Err(ToolError::Cancelled),
            () = tokio::time::sleep(pause) => {}
        }
    }
    Ok(())
}

/// Moves progress forward, never back.
fn advance(context: &ToolContext, percent: u8) {
    context.progress.send_if_modified(|shown| {
        shown
            .percent
            .replace(percent.max(shown.percent.unwrap_or(0)))
            < Some(percent)
    });
}
