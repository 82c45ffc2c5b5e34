//! Models for tests: one that says what it is told to, when it is told to, and one that calls
//! tools.

use crate::server::assistant::model::{
    Model, ModelError, ModelEvent, ModelLink, ModelRequest, PromptMessage as Heard, ToolCall,
};
use futures::stream::{self, BoxStream, StreamExt};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

type Said = Result<ModelEvent, ModelError>;

/// A model that answers once, from a channel.
pub(in crate::tests) struct ToldModel {
    link: ModelLink,
    hears: Mutex<Option<UnboundedReceiver<Said>>>,
}

impl ToldModel {
    /// The model and the end through which it is told what to say.
    pub(in crate::tests) fn pair() -> (UnboundedSender<Said>, Arc<dyn Model>) {
        let (tell, hears) = unbounded_channel();
        let link = ModelLink {
            provider: "test",
            model: "told".to_owned(),
            name: "Told".to_owned(),
            window: 100_000,
            takes_pictures: false,
        };
        (
            tell,
            Arc::new(Self {
                link,
                hears: Mutex::new(Some(hears)),
            }),
        )
    }
}

impl Model for ToldModel {
    fn link(&self) -> &ModelLink {
        &self.link
    }

    fn ask(&self, _: ModelRequest) -> BoxStream<'static, Said> {
        let hears = self.hears.lock().unwrap().take().expect("it is asked once");
        stream::unfold(hears, |mut hears| async move {
            hears.recv().await.map(|said| (said, hears))
        })
        .boxed()
    }
}

/// A model that asks for tools, and then says what they answered.
pub(in crate::tests) struct CallingModel {
    link: ModelLink,
    calls: Vec<ToolCall>,
}

impl CallingModel {
    /// Asks for these tools with these arguments.
    pub(in crate::tests) fn of(calls: &[(&str, serde_json::Value)]) -> Arc<dyn Model> {
        let link = ModelLink {
            provider: "test",
            model: "calling".to_owned(),
            name: "Calling".to_owned(),
            window: 100_000,
            takes_pictures: false,
        };
        let call = |(n, (name, arguments)): (usize, &(&str, serde_json::Value))| ToolCall {
            id: format!("call-{n}"),
            name: (*name).to_owned(),
            arguments: arguments.clone(),
            signatures: Vec::new(),
        };
        Arc::new(Self {
            link,
            calls: calls.iter().enumerate().map(call).collect(),
        })
    }
}

impl Model for CallingModel {
    fn link(&self) -> &ModelLink {
        &self.link
    }

    fn ask(&self, request: ModelRequest) -> BoxStream<'static, Said> {
        let results = request.said.iter().rev().map_while(|said| match said {
            Heard::Result { text, .. } => Some(text.as_str()),
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

/// A model that says the same whenever it is asked, at once; `None` in its script is where it
/// hangs.
pub(in crate::tests) struct ScriptedModel {
    link: ModelLink,
    script: Vec<Option<Said>>,
}

impl ScriptedModel {
    /// A model of that name with that script.
    pub(in crate::tests) fn that_says(name: &str, script: Vec<Option<Said>>) -> Arc<dyn Model> {
        let link = ModelLink {
            provider: "test",
            model: name.to_owned(),
            name: name.to_owned(),
            window: 100_000,
            takes_pictures: false,
        };
        Arc::new(Self { link, script })
    }
}

impl Model for ScriptedModel {
    fn link(&self) -> &ModelLink {
        &self.link
    }

    fn ask(&self, _: ModelRequest) -> BoxStream<'static, Said> {
        let says = |said: Option<Said>| async {
            if let Some(said) = said {
                said
            } else {
                std::future::pending().await
            }
        };
        stream::iter(self.script.clone()).then(says).boxed()
    }
}
