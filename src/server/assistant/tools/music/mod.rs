//! Music from the demo producer: a soft pentatonic melody over a bass, as a WAV file.

mod melody;
mod sound;
mod wav;

use std::ops::RangeInclusive;

use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::arguments;
use super::demo::Studio;
use super::prompt::Prompt;
use crate::server::assistant::tool::{Tool, ToolContext, ToolDefinition, ToolError, ToolOutput};

/// Lengths on offer, in seconds.
const SECONDS: RangeInclusive<u8> = 1..=30;
/// Length when none is asked for, in seconds.
const DEFAULT_SECONDS: u8 = 8;

const STUDIO: Studio = Studio {
    label: "Music",
    kind: "music",
    media_type: "audio/wav",
    extension: "wav",
    excuse: "The demo orchestra did not show up.",
};

/// `generate_music`.
#[derive(Clone, Copy, Debug)]
pub struct MusicTool;

impl Tool for MusicTool {
    fn definition(&self) -> ToolDefinition {
        ToolDefinition {
            name: "generate_music".to_owned(),
            description:
                "Makes a short piece of music from a description and plays it to the person."
                    .to_owned(),
            schema: json!({
                "type": "object",
                "properties": {
                    "prompt": arguments::prompt_schema("Mood, instrument and tempo of the music"),
                    "seconds": arguments::seconds_schema(SECONDS, DEFAULT_SECONDS),
                },
                "required": ["prompt"],
            }),
        }
    }

    fn title(&self, arguments: &Value) -> String {
        STUDIO.title(arguments)
    }

    fn run(
        &self,
        arguments: Value,
        context: ToolContext,
    ) -> BoxFuture<'static, Result<ToolOutput, ToolError>> {
        Box::pin(async move {
            let prompt = arguments::prompt(&arguments)?;
            let seconds = arguments::seconds(&arguments, SECONDS, DEFAULT_SECONDS)?;
            STUDIO
                .produce(prompt, context, move |prompt| record(prompt, seconds))
                .await
        })
    }
}

fn record(prompt: &Prompt, seconds: u8) -> Vec<u8> {
    let score = melody::compose(prompt, f64::from(seconds));
    wav::encode(&sound::perform(
        &score,
        prompt,
        usize::from(seconds) * wav::SAMPLE_RATE as usize,
    ))
}
