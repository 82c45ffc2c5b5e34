//! Demo tools for pictures, music and films. Each shows a shipped sample, the same for every prompt
//! and labelled as such, after some steps with progress that can be cancelled. Words in the prompt
//! control the run: "slow" makes it take longer, "fail" and "broken" make it fail.

use super::{arguments, media::Media, prompt::Prompt};
use crate::server::assistant::{
    demo::RESULT_PREFIX,
    tool::{ProducedFile, Progress, Tool, ToolContext, ToolDefinition, ToolError, ToolOutput},
};
use futures::future::BoxFuture;
use serde_json::Value;
use std::time::Duration;

/// Progress in percent when only the file is missing.
const STEPS_DONE_PERCENT: u8 = 95;
/// The step after which a run that is to fail fails.
const FAILING_STEP: u8 = 2;

/// A tool that shows a sample instead of making something.
#[derive(Clone, Copy, Debug)]
pub(super) struct DemoTool(pub(super) Media);

/// A file in `public/samples`.
struct Sample {
    bytes: &'static [u8],
    media_type: &'static str,
    name: &'static str,
    shows: &'static str,
}

impl DemoTool {
    const fn sample(self) -> Sample {
        match self.0 {
            Media::Image => Sample {
                bytes: include_bytes!("../../../../public/samples/lighthouse.svg"),
                media_type: "image/svg+xml",
                name: "lighthouse.svg",
                shows: "a lighthouse at dusk",
            },
            Media::Music => Sample {
                bytes: include_bytes!("../../../../public/samples/cello.wav"),
                media_type: "audio/wav",
                name: "cello.wav",
                shows: "a slow cello over waves",
            },
            Media::Video => Sample {
                bytes: include_bytes!("../../../../public/samples/rain.webm"),
                media_type: "video/webm",
                name: "rain.webm",
                shows: "rain on a window",
            },
        }
    }

    const fn failure(self) -> &'static str {
        match self.0 {
            Media::Image => "The demo picture service is out of paint.",
            Media::Music => "The demo orchestra did not show up.",
            Media::Video => "The demo camera has no film.",
        }
    }

    async fn work(self, prompt: &Prompt, context: &ToolContext) -> Result<(), ToolError> {
        let (steps, seconds) = if prompt.has(&["slow"]) {
            (12, 1.0)
        } else {
            (4, 0.3)
        };
        let fails = prompt.has(&["fail", "failing", "failure", "broken"]);
        for step in 1..=steps {
            context
                .unless_cancelled(pause(seconds * context.delay_factor))
                .await?;
            report(context, STEPS_DONE_PERCENT / steps * step);
            if fails && step == FAILING_STEP {
                return Err(ToolError::Failed(self.failure().to_owned()));
            }
        }
        report(context, 100);
        Ok(())
    }

    fn output(self, prompt: &Prompt) -> ToolOutput {
        let (kind, prompt) = (self.0.kind(), prompt.text());
        let Sample {
            bytes,
            media_type,
            name,
            shows,
        } = self.sample();
        ToolOutput {
            text: format!(
                "{RESULT_PREFIX}no {kind} was made for “{prompt}”. The user got a sample {kind} \
                 instead, {shows}, which is the same for every prompt. Tell them so."
            ),
            details: Some(format!(
                "Prompt: {prompt}\nNo {kind} was made for it: this is a sample of the built-in \
                 demo, the same for every prompt ({media_type}, {} bytes).",
                bytes.len()
            )),
            files: vec![ProducedFile {
                bytes: bytes.to_vec(),
                media_type,
                name: name.to_owned(),
                description: format!("Demo sample: {shows}"),
            }],
        }
    }
}

impl Tool for DemoTool {
    fn definition(&self) -> ToolDefinition {
        ToolDefinition {
            description: format!(
                "A demo: it shows the user a sample {}, the same for every prompt. \
                 Nothing is made from the description.",
                self.0.kind()
            ),
            ..self.0.definition()
        }
    }

    fn title(&self, arguments: &Value) -> String {
        self.0.title(arguments)
    }

    fn run(
        &self,
        arguments: Value,
        context: ToolContext,
    ) -> BoxFuture<'static, Result<ToolOutput, ToolError>> {
        let tool = *self;
        Box::pin(async move {
            let prompt = arguments::prompt(&arguments)?;
            // Rejects what the real tool would reject.
            tool.0.input(&prompt, &arguments)?;
            tool.work(&prompt, &context).await?;
            Ok(tool.output(&prompt))
        })
    }
}

async fn pause(seconds: f64) -> Result<(), ToolError> {
    if seconds > 0.0 {
        let pause = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

fn report(context: &ToolContext, percent: u8) {
    context.progress.send_replace(Progress {
        percent: Some(percent),
        note: None,
    });
}
