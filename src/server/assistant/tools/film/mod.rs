//! Films from the demo producer: a small looping GIF that follows the words of the prompt.

mod canvas;
mod gif;
mod land;
mod scene;
mod weather;

use std::ops::RangeInclusive;

use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::arguments;
use super::demo::Studio;
use crate::server::assistant::tool::{Tool, ToolContext, ToolDefinition, ToolError, ToolOutput};

/// Lengths on offer, in seconds.
const SECONDS: RangeInclusive<u8> = 1..=8;
/// Length when none is asked for, in seconds.
const DEFAULT_SECONDS: u8 = 3;

const STUDIO: Studio = Studio {
    label: "Film",
    kind: "film",
    media_type: "image/gif",
    extension: "gif",
    excuse: "The demo camera has no film.",
};

/// `generate_video`.
#[derive(Clone, Copy, Debug)]
pub struct FilmTool;

impl Tool for FilmTool {
    fn definition(&self) -> ToolDefinition {
        ToolDefinition {
            name: "generate_video".to_owned(),
            description:
                "Makes a short film without sound from a description and shows it to the person."
                    .to_owned(),
            schema: json!({
                "type": "object",
                "properties": {
                    "prompt": arguments::prompt_schema("What the film shows and what moves in it"),
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
                .produce(prompt, context, move |prompt| {
                    gif::record(&scene::Scene::new(prompt), seconds)
                })
                .await
        })
    }
}
