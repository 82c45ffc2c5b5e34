//! Pictures from OpenAI's images endpoint or a compatible one:
//! <https://platform.openai.com/docs/api-reference/images>.

use super::{MESSAGE_MAX_CHARS, invalid_response, settings::Service, unreachable};
use crate::server::{
    assistant::{
        tool::{Tool, ToolContext, ToolDefinition, ToolError, ToolOutput},
        tools::{arguments, media::Media},
    },
    base::outbound::Outbound,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use futures::future::BoxFuture;
use serde_json::{Value, json};

const MEDIA: Media = Media::Image;

/// `generate_image` with an images endpoint.
#[derive(Clone)]
pub(super) struct ImagesTool {
    pub(super) service: Service,
    pub(super) client: reqwest::Client,
    pub(super) outbound: Outbound,
}

impl Tool for ImagesTool {
    fn definition(&self) -> ToolDefinition {
        MEDIA.definition()
    }

    fn title(&self, arguments: &Value) -> String {
        MEDIA.title(arguments)
    }

    fn run(
        &self,
        arguments: Value,
        context: ToolContext,
    ) -> BoxFuture<'static, Result<ToolOutput, ToolError>> {
        let tool = self.clone();
        Box::pin(async move { context.unless_cancelled(tool.generate(&arguments)).await })
    }
}

impl ImagesTool {
    async fn generate(&self, arguments: &Value) -> Result<ToolOutput, ToolError> {
        let prompt = arguments::prompt(arguments)?;
        let mut input = MEDIA.input(&prompt, arguments)?;
        input["model"] = json!(self.service.model);
        input["n"] = json!(1);
        let picture = self.request_picture(input).await?;
        let bytes = match (picture.get("b64_json"), picture.get("url")) {
            (Some(Value::String(text)), _) => BASE64_STANDARD
                .decode(text)
                .map_err(|_| invalid_response())?,
            (_, Some(Value::String(url))) => self
                .outbound
                .fetch(url, MEDIA.max_bytes())
                .await
                .map_err(|error| ToolError::Failed(error.to_string()))?,
            _ => return Err(invalid_response()),
        };
        Ok(ToolOutput {
            text: format!(
                "The picture “{}” is done and already shown to the user.",
                prompt.text()
            ),
            details: Some(format!(
                "Prompt: {}\nMade by {}.",
                prompt.text(),
                self.service.model
            )),
            files: vec![MEDIA.file(&prompt, bytes)?],
        })
    }

    async fn request_picture(&self, input: Value) -> Result<Value, ToolError> {
        let url = self
            .service
            .base
            .join("images/generations")
            .map_err(|_| invalid_response())?;
        let request = self.client.post(url).json(&input);
        let request = if let Some(key) = &self.service.key {
            request.bearer_auth(key.reveal())
        } else {
            request
        };
        let response = request.send().await.map_err(|_| unreachable())?;
        let status = response.status();
        let mut body: Value = response.json().await.unwrap_or_default();
        if !status.is_success() {
            let message: String = body["error"]["message"]
                .as_str()
                .unwrap_or_default()
                .chars()
                .take(MESSAGE_MAX_CHARS)
                .collect();
            return Err(ToolError::Failed(format!(
                "The service answered {}: {message}",
                status.as_u16()
            )));
        }
        Ok(body["data"][0].take())
    }
}
