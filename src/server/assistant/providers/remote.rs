//! A model called over the network. An answer is complete only if the model said why it stopped;
//! everything else is an error.

use super::{
    dialects::{Dialect, RequestForm, StreamDecoder, StreamItem},
    errors,
    refusals::{Omissions, is_passing, refused_part},
};
use crate::server::{
    assistant::model::{
        ErrorClass, Model, ModelError, ModelEvent, ModelLink, ModelRequest, OptionalPart,
    },
    base::{digest, secret::Secret},
};
use bytes::Bytes;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use reqwest::{Client, RequestBuilder, Response, Url, header::CONTENT_TYPE};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// The version of Anthropic's protocol.
const ANTHROPIC_VERSION: &str = "2023-06-01";
/// Sent to servers that need no key, because some reject an empty one.
const NO_KEY: &str = "none";
/// Maximum number of requests for one answer, each without something that was refused before.
const REQUESTS_MAX: usize = 8;
/// How much of an error's body is read, in bytes.
const ERROR_MAX_BYTES: usize = 64 * 1_024;
/// Timeout of reading an error's body.
const ERROR_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum size of a body of JSON from a server that does not stream, in bytes.
const JSON_MAX_BYTES: usize = 1_024 * 1_024;
/// Maximum size of a stream, in bytes; a frame of a few characters takes some 300.
const STREAM_MAX_BYTES: usize = 128 * 1_024 * 1_024;
/// Maximum duration of an answer, however often the server shows that it is alive.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// How long token counts are waited for after the model stopped.
const AFTER_STOP: Duration = Duration::from_secs(5);

/// A model called over the network.
#[derive(Clone)]
pub(super) struct RemoteModel {
    pub(super) link: ModelLink,
    pub(super) client: Client,
    pub(super) dialect: Dialect,
    pub(super) base: Url,
    pub(super) key: Option<Secret>,
    /// Whether ids of calls must have Mistral's form.
    pub(super) short_ids: bool,
    /// What this server refused before; forgotten when the process ends.
    pub(super) omissions: Arc<Mutex<Omissions>>,
}

impl Model for RemoteModel {
    fn link(&self) -> &ModelLink {
        &self.link
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, StreamItem> {
        let model = self.clone();
        let answer = async move {
            match model.ask(&request).await {
                Ok((response, left_out)) => {
                    let left_out = left_out.into_iter().map(ModelEvent::LeftOut).map(Ok);
                    let reader = AnswerReader::new(model.dialect, response);
                    stream::iter(left_out).chain(reader.items()).boxed()
                }
                Err(error) => stream::iter([Err(error)]).boxed(),
            }
        };
        stream::once(answer).flatten().boxed()
    }
}

impl RemoteModel {
    /// Sends the request, again without what the server refuses. Returns also what was left out
    /// for the first time.
    async fn ask(
        &self,
        request: &ModelRequest,
    ) -> Result<(Response, Vec<OptionalPart>), ModelError> {
        let mut omissions = self.known().clone();
        let (mut new, mut passing) = (Vec::new(), Vec::new());
        for _ in 0..REQUESTS_MAX {
            let sent = omissions.apply(request, &self.link);
            let options = !omissions.contains(OptionalPart::Options);
            let response = self.request(&sent, options).send().await;
            let response = response.map_err(|error| errors::from_connection(&error))?;
            if response.status().is_success() {
                self.known().merge(omissions, &passing);
                return Ok((response, new));
            }
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = error_body(response).await;
            let error = errors::from_status(status, &body, Some(&headers));
            let Some(refused) = refused_part(status, &body, &sent, &omissions) else {
                return Err(error);
            };
            let part = refused.part();
            tracing::warn!(
                model = self.link.key(),
                part = part.as_str(),
                "the model server refused a part of the request, which is left out"
            );
            if !omissions.add(refused) {
                return Err(error);
            }
            if is_passing(part, &body) {
                passing.push(part);
            }
            if !new.contains(&part) {
                new.push(part);
            }
        }
        Err(ModelError::plain(
            ErrorClass::BadRequest,
            "The request was refused again and again.",
        ))
    }

    fn request(&self, sent: &ModelRequest, options: bool) -> RequestBuilder {
        let form = RequestForm {
            model: &self.link.model,
            options,
            short_ids: self.short_ids,
        };
        let (path, query) = self.dialect.path(&self.link.model);
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path()));
        if query.is_some() {
            url.set_query(query);
        }
        let key = self.key.as_ref().map_or(NO_KEY, |key| key.reveal());
        let request = self.client.post(url).json(&self.dialect.body(sent, form));
        match self.dialect {
            Dialect::OpenAi => request.bearer_auth(key),
            Dialect::Gemini => request.header("x-goog-api-key", key),
            Dialect::Anthropic => request
                .header("x-api-key", key)
                .header("anthropic-version", ANTHROPIC_VERSION),
        }
    }

    fn known(&self) -> MutexGuard<'_, Omissions> {
        self.omissions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The beginning of an error's body.
async fn error_body(response: Response) -> String {
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    let read = async {
        while let Some(Ok(chunk)) = chunks.next().await {
            let room = ERROR_MAX_BYTES.saturating_sub(body.len());
            body.extend(chunk.into_iter().take(room));
            if room == 0 {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(ERROR_TIMEOUT, read).await;
    String::from_utf8_lossy(&body).into_owned()
}

/// Reads the body of a response.
struct AnswerReader {
    chunks: BoxStream<'static, reqwest::Result<Bytes>>,
    decoder: StreamDecoder,
    /// A body of JSON, which is read as a whole.
    json: Option<Vec<u8>>,
    read_bytes: usize,
    deadline: Instant,
    /// The ids of calls so far.
    ids: HashSet<String>,
}

impl AnswerReader {
    fn new(dialect: Dialect, response: Response) -> Self {
        let content_type = response.headers().get(CONTENT_TYPE);
        let is_json =
            content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
        Self {
            chunks: response.bytes_stream().boxed(),
            decoder: StreamDecoder::new(dialect),
            json: is_json.then(Vec::new),
            read_bytes: 0,
            deadline: Instant::now() + ANSWER_TIMEOUT,
            ids: HashSet::new(),
        }
    }

    /// The items of the answer, up to its end or its first error.
    fn items(self) -> impl futures::Stream<Item = StreamItem> {
        stream::unfold(Some(self), |reader| async move {
            let mut reader = reader?;
            let (mut items, is_last) = reader.step().await;
            reader.complete_ids(&mut items);
            Some((items, (!is_last).then_some(reader)))
        })
        .flat_map(stream::iter)
    }

    /// Reads a chunk. The items in it, and whether they are the last.
    async fn step(&mut self) -> (Vec<StreamItem>, bool) {
        let deadline = match self.decoder.has_stopped() {
            true => self.deadline.min(Instant::now() + AFTER_STOP),
            false => self.deadline,
        };
        match tokio::time::timeout_at(deadline, self.chunks.next()).await {
            Ok(Some(Ok(chunk))) => self.chunk(&chunk),
            Err(_) if !self.decoder.has_stopped() => {
                let minutes = ANSWER_TIMEOUT.as_secs() / 60;
                let why = format!("The answer took more than {minutes} minutes.");
                failed(ErrorClass::Timeout, &why)
            }
            Ok(Some(Err(_)) | None) | Err(_) => {
                let items = match self.json.take() {
                    Some(body) => self.decoder.read_json(&body),
                    None => self.decoder.finish(),
                };
                (items, true)
            }
        }
    }

    fn chunk(&mut self, chunk: &[u8]) -> (Vec<StreamItem>, bool) {
        self.read_bytes += chunk.len();
        let limit = match self.json {
            Some(_) => JSON_MAX_BYTES,
            None => STREAM_MAX_BYTES,
        };
        if self.read_bytes > limit {
            return failed(ErrorClass::Server, "The answer is too long.");
        }
        let mut items = match &mut self.json {
            Some(body) => {
                body.extend_from_slice(chunk);
                Vec::new()
            }
            None => self.decoder.feed(chunk),
        };
        // Any byte is a sign of life.
        if items.is_empty() && !chunk.is_empty() {
            items.push(Ok(ModelEvent::Thinking));
        }
        (items, self.decoder.is_over())
    }

    /// Gives ids to calls that have none, or that of another call.
    fn complete_ids(&mut self, items: &mut [StreamItem]) {
        for item in items {
            if let Ok(ModelEvent::Call(call)) = item {
                if call.id.is_empty() || self.ids.contains(&call.id) {
                    call.id = format!("call_{}", digest::random_hex::<8>());
                }
                self.ids.insert(call.id.clone());
            }
        }
    }
}

fn failed(class: ErrorClass, why: &str) -> (Vec<StreamItem>, bool) {
    (vec![Err(ModelError::plain(class, why))], true)
}
