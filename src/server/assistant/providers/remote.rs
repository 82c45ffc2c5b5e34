//! A remote model. An answer is complete only if the stream ended with a stop reason; everything
//! else is an error.

use super::{convert, errors::classify};
use crate::server::assistant::model::{
    ErrorClass, Model, ModelError, ModelEvent, ModelLink, ModelRequest, Usage,
};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use genai::{
    Client, ServiceTarget,
    chat::{ChatOptions, ChatStream, ChatStreamEvent, StopReason, StreamEnd},
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

type StreamProgress = Result<ModelEvent, ModelError>;

/// A model called over the network.
pub(super) struct RemoteModel {
    pub(super) link: ModelLink,
    pub(super) client: Client,
    pub(super) target: ServiceTarget,
}

impl Model for RemoteModel {
    fn link(&self) -> &ModelLink {
        &self.link
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, StreamProgress> {
        let (client, target) = (self.client.clone(), self.target.clone());
        let blocked = Arc::new(AtomicBool::new(false));
        let options = options(blocked.clone());
        let response = async move {
            match client
                .exec_chat_stream(target, convert::chat_request(request), Some(&options))
                .await
            {
                Ok(answer) => events(answer.stream, blocked).boxed(),
                Err(error) => stream::iter([Err(classify(&error))]).boxed(),
            }
        };
        stream::once(response).flatten().boxed()
    }
}

/// genai ignores Gemini's notice that the prompt was blocked, so it is read from the raw frame.
fn options(blocked: Arc<AtomicBool>) -> ChatOptions {
    let options = ChatOptions::default()
        .with_capture_usage(true)
        .with_capture_tool_calls(true);
    options.with_raw_frame_fn(move |_, frame| {
        if frame.data.contains("\"blockReason\"") {
            blocked.store(true, Ordering::Relaxed);
        }
    })
}

/// Converts a stream until its end or its first error.
fn events(
    stream: ChatStream,
    blocked: Arc<AtomicBool>,
) -> impl futures::Stream<Item = StreamProgress> {
    stream::unfold(Some(stream), move |open| {
        let blocked = blocked.clone();
        async move {
            let mut stream = open?;
            let last = match stream.next().await? {
                Ok(ChatStreamEvent::Chunk(chunk)) => {
                    return Some((vec![Ok(ModelEvent::Text(chunk.content))], Some(stream)));
                }
                Ok(
                    ChatStreamEvent::ReasoningChunk(_)
                    | ChatStreamEvent::ThoughtSignatureChunk(_)
                    | ChatStreamEvent::ToolCallChunk(_),
                ) => {
                    return Some((vec![Ok(ModelEvent::Thinking)], Some(stream)));
                }
                Ok(ChatStreamEvent::Start | ChatStreamEvent::Heartbeat) => {
                    return Some((Vec::new(), Some(stream)));
                }
                Ok(ChatStreamEvent::End(end)) => end_events(end, blocked.load(Ordering::Relaxed)),
                Err(_) if blocked.load(Ordering::Relaxed) => vec![Err(prompt_blocked())],
                Err(error) => vec![Err(classify(&error))],
            };
            Some((last, None))
        }
    })
    .flat_map(stream::iter)
}

fn prompt_blocked() -> ModelError {
    ModelError::plain(ErrorClass::ContentFilter, "The prompt was blocked.")
}

fn end_events(end: StreamEnd, blocked: bool) -> Vec<StreamProgress> {
    let reason = match &end.captured_stop_reason {
        Some(StopReason::ContentFilter(reason)) => {
            return vec![Err(ModelError::plain(
                ErrorClass::ContentFilter,
                &format!("It stopped: {reason}."),
            ))];
        }
        _ if blocked => return vec![Err(prompt_blocked())],
        None => {
            return vec![Err(ModelError::plain(
                ErrorClass::Network,
                "The answer was cut off.",
            ))];
        }
        Some(StopReason::Other(reason)) if reason == "MALFORMED_FUNCTION_CALL" => {
            return vec![Err(ModelError::plain(
                ErrorClass::Server,
                "Its tool call could not be parsed.",
            ))];
        }
        Some(reason) => reason,
    };
    let cut_short = matches!(reason, StopReason::MaxTokens(_));
    let usage = end.captured_usage.as_ref().and_then(|usage| {
        let tokens = |count: Option<i32>| count.map(i64::from);
        let (input, output) = (tokens(usage.prompt_tokens), tokens(usage.completion_tokens));
        (input.is_some() || output.is_some()).then(|| Usage {
            input_tokens: input.unwrap_or(0),
            output_tokens: output.unwrap_or(0),
            estimated: false,
        })
    });
    let calls = end
        .captured_content
        .map(|content| content.into_tool_calls())
        .unwrap_or_default();
    let calls = calls
        .into_iter()
        .map(|call| Ok(ModelEvent::Call(convert::incoming(call))));
    calls
        .chain([Ok(ModelEvent::End { usage, cut_short })])
        .collect()
}
