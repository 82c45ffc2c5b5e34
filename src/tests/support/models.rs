//! Test models: one controlled through a channel, one that calls tools, and one with a script.

use crate::server::assistant::model::{
    Model, ModelError, ModelEvent, ModelLink, ModelRequest, PromptMessage, ToolCall,
};
use futures::stream::{self, BoxStream, StreamExt};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

type ModelResult = Result<ModelEvent, ModelError>;

/// A model that answers once, from a channel.
pub(in crate::tests) struct ToldModel {
    link: ModelLink,
    events: Mutex<Option<UnboundedReceiver<ModelResult>>>,
}

impl ToldModel {
    /// The sender for its events, and the model.
    pub(in crate::tests) fn pair() -> (UnboundedSender<ModelResult>, Arc<dyn Model>) {
        let (sender, receiver) = unbounded_channel();
        let link = ModelLink {
            provider: "test",
            model: "scripted".to_owned(),
            name: "Scripted".to_owned(),
            window: 100_000,
            supports_images: false,
        };
        (
            sender,
            Arc::new(Self {
                link,
                events: Mutex::new(Some(receiver)),
            }),
        )
    }
}

impl Model for ToldModel {
    fn link(&self) -> &ModelLink {
        &self.link
    }

    fn stream(&self, _: ModelRequest) -> BoxStream<'static, ModelResult> {
        let events = self
            .events
            .lock()
            .unwrap()
            .take()
            .expect("only one request");
        stream::unfold(events, |mut events| async move {
            events.recv().await.map(|event| (event, events))
        })
        .boxed()
    }
}

/// A model that calls tools and then repeats their results.
pub(in crate::tests) struct CallingModel {
    link: ModelLink,
    calls: Vec<ToolCall>,
    requests: Arc<Mutex<Vec<ModelRequest>>>,
}

impl CallingModel {
    /// Calls these tools with these arguments.
    pub(in crate::tests) fn of(calls: &[(&str, serde_json::Value)]) -> Arc<dyn Model> {
        Self::recording(calls, false).0
    }

    /// As [`Self::of`], with or without sight, and the requests that it gets.
    pub(in crate::tests) fn recording(
        calls: &[(&str, serde_json::Value)],
        supports_images: bool,
    ) -> (Arc<dyn Model>, Arc<Mutex<Vec<ModelRequest>>>) {
        let link = ModelLink {
            provider: "test",
            model: "calling".to_owned(),
            name: "Calling".to_owned(),
            window: 100_000,
            supports_images,
        };
        let call = |(n, (name, arguments)): (usize, &(&str, serde_json::Value))| ToolCall {
            id: format!("call-{n}"),
            name: (*name).to_owned(),
            arguments: arguments.clone(),
            signatures: Vec::new(),
        };
        let requests = Arc::<Mutex<Vec<ModelRequest>>>::default();
        let model = Arc::new(Self {
            link,
            calls: calls.iter().enumerate().map(call).collect(),
            requests: requests.clone(),
        });
        (model, requests)
    }
}

impl Model for CallingModel {
    fn link(&self) -> &ModelLink {
        &self.link
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, ModelResult> {
        self.requests.lock().unwrap().push(request.clone());
        let results = request
            .messages
            .iter()
            .rev()
            .skip_while(|message| message.is_result_pictures())
            .map_while(|message| match message {
                PromptMessage::Result { text, .. } => Some(text.as_str()),
                _ => None,
            });
        let text = results.collect::<Vec<_>>().join("\n");
        let events = match text.is_empty() {
            true => self.calls.iter().cloned().map(ModelEvent::Call).collect(),
            false => vec![ModelEvent::Text(text)],
        };
        stream::iter(
            events
                .into_iter()
                .chain([ModelEvent::End {
                    usage: None,
                    cut_short: false,
                }])
                .map(Ok),
        )
        .boxed()
    }
}

/// A model that answers every request with the same script at once; `None` in it hangs.
pub(in crate::tests) struct ScriptedModel {
    link: ModelLink,
    script: Vec<Option<ModelResult>>,
}

impl ScriptedModel {
    /// A model with this name and script.
    pub(in crate::tests) fn that_says(
        name: &str,
        script: Vec<Option<ModelResult>>,
    ) -> Arc<dyn Model> {
        let link = ModelLink {
            provider: "test",
            model: name.to_owned(),
            name: name.to_owned(),
            window: 100_000,
            supports_images: false,
        };
        Arc::new(Self { link, script })
    }
}

impl Model for ScriptedModel {
    fn link(&self) -> &ModelLink {
        &self.link
    }

    fn stream(&self, _: ModelRequest) -> BoxStream<'static, ModelResult> {
        let next_event = |event: Option<ModelResult>| async {
            if let Some(event) = event {
                event
            } else {
                std::future::pending().await
            }
        };
        stream::iter(self.script.clone()).then(next_event).boxed()
    }
}
