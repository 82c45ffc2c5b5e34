//! Pictures from the demo producer: an SVG scene that follows the words of the prompt.

mod buildings;
mod ground;
mod nature;
mod scene;
mod sky;
mod svg;

use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::arguments;
use super::demo::Studio;
use crate::server::assistant::tool::{Tool, ToolContext, ToolDefinition, ToolError, ToolOutput};

/// Width of every picture, in its own units.
const WIDTH: f64 = 832.0;
/// Height of every picture, in its own units.
const HEIGHT: f64 = 468.0;
/// Where the sky ends, counted from the top.
const HORIZON: f64 = 306.0;

const STUDIO: Studio = Studio {
    label: "Image",
    kind: "picture",
    media_type: "image/svg+xml",
    extension: "svg",
    excuse: "The demo picture service is out of paint.",
};

/// `generate_image`.
#[derive(Clone, Copy, Debug)]
pub struct ImageTool;

impl Tool for ImageTool {
    fn definition(&self) -> ToolDefinition {
        ToolDefinition {
            name: "generate_image".to_owned(),
            description: "Makes a picture from a description and shows it to the person."
                .to_owned(),
            schema: json!({
                "type": "object",
                "properties": {
                    "prompt": arguments::prompt_schema("What the picture shows"),
                    "style": arguments::style_schema("How it is painted, such as oil on canvas"),
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
            let (prompt, style) = (
                arguments::prompt(&arguments)?,
                arguments::style(&arguments)?,
            );
            STUDIO
                .produce(prompt, context, move |prompt| {
                    scene::paint(prompt, style.as_deref()).into_bytes()
                })
                .await
        })
    }
}
