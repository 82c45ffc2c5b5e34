//! Reads a sent message: JSON, or a form with files (`multipart/form-data`, RFC 7578) whose fields
//! are `content`, `conversation_id`, `model`, `replaces` and, for each file, `attachment`.

use super::json_body::{BODY_MAX_BYTES, JsonBody, has_stalled, stalled};
use crate::{
    domain::{
        ATTACHMENTS_MAX, PICTURE_MAX_BYTES,
        ids::{ConversationId, InvalidId, MessageId},
    },
    server::{
        base::error::Error,
        chat::{NewMessage, Upload},
        http::problem::Problem,
    },
};
use axum::{
    body::Body,
    extract::{
        FromRequest, Multipart, Request,
        multipart::{Field, MultipartError},
    },
    http::{StatusCode, header},
};
use http_body_util::Limited;
use serde_json::Value;

/// Largest form, in bytes: the most and largest files, and the other fields.
pub const FORM_MAX_BYTES: usize = ATTACHMENTS_MAX * PICTURE_MAX_BYTES + 2 * BODY_MAX_BYTES;

/// A message and its files. Errors: 400 if it cannot be read, 413 if it is too large, 422 for
/// missing or unknown fields.
#[derive(Debug, Default)]
pub struct MessageBody {
    /// Text, model and replaced message.
    pub message: NewMessage,
    /// The conversation of a form; for JSON it is in the path.
    pub conversation_id: Option<ConversationId>,
    /// The files.
    pub uploads: Vec<Upload>,
}

impl<S: Send + Sync> FromRequest<S> for MessageBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        if kind.starts_with("multipart/form-data") {
            let form = Multipart::from_request(request, state)
                .await
                .map_err(|why| Problem::new(why.status(), why.body_text()))?;
            return Self::from_form(form).await;
        }
        let body = JsonBody::from_request(
            request.map(|body| Body::new(Limited::new(body, BODY_MAX_BYTES))),
            state,
        )
        .await?;
        let text = |name| text(&body.value, name);
        let content = text("content")?
            .ok_or_else(|| Error::refused("content", "is required and must be text"))?;
        let replaces = text("replaces")?.map(|id| replaced(&id)).transpose()?;
        Ok(Self {
            message: NewMessage {
                content,
                model: text("model")?,
                replaces,
                ..NewMessage::default()
            },
            ..Self::default()
        })
    }
}

impl MessageBody {
    async fn from_form(mut form: Multipart) -> Result<Self, Problem> {
        let mut read = Self::default();
        while let Some(field) = form.next_field().await.map_err(unreadable)? {
            read.take(field).await?;
        }
        Ok(read)
    }

    async fn take(&mut self, field: Field<'_>) -> Result<(), Problem> {
        match field.name().unwrap_or_default() {
            "content" => {
                self.message.content = field
                    .text()
                    .await
                    .map_err(unreadable)?
                    .replace("\r\n", "\n")
            }
            "model" => self.message.model = Some(field.text().await.map_err(unreadable)?),
            "replaces" => {
                self.message.replaces = Some(replaced(&field.text().await.map_err(unreadable)?)?)
            }
            "conversation_id" => {
                let id = field.text().await.map_err(unreadable)?;
                self.conversation_id =
                    Some(id.parse().map_err(|_| Error::NotFound("conversation"))?);
            }
            "attachment" => {
                let name = field.file_name().unwrap_or_default().to_owned();
                let bytes = field.bytes().await.map_err(unreadable)?.to_vec();
                // a browser sends one empty file without a name if none was chosen
                if !(name.is_empty() && bytes.is_empty()) {
                    self.uploads.push(Upload { name, bytes });
                }
            }
            other => {
                return Err(Error::refused(
                    &other.chars().take(40).collect::<String>(),
                    "is not a field of this form",
                )
                .into());
            }
        }
        Ok(())
    }
}

fn text(body: &Value, name: &str) -> Result<Option<String>, Error> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Error::refused(name, "must be text")),
    }
}

fn replaced(id: &str) -> Result<MessageId, Error> {
    id.parse()
        .map_err(|why: InvalidId| Error::refused("replaces", why.to_string()))
}

fn unreadable(why: MultipartError) -> Problem {
    match why.status() {
        _ if has_stalled(&why) => stalled(),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("a form may be at most {FORM_MAX_BYTES} bytes"),
        ),
        status => Problem::new(status, why.body_text()),
    }
}
