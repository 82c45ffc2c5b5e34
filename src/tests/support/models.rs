//! A model that says what a test tells it to, when it tells it to.

use crate::server::assistant::model::{Event, Model, ModelError, ModelLink, Request};
use futures::stream::{self, BoxStream, StreamExt};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

type Said = Result<Event, ModelError>;

/// A model that answers once, from a channel.
pub(in crate::tests) struct ToldModel {
    link: ModelLink,
    hears: Mutex<Option<UnboundedReceiver<Said>>>,
}

impl ToldModel {
    /// The model and the end through which it is told what to say.
    pub(in crate::tests) fn pair() -> (UnboundedSender<Said>, Arc<dyn Model>) {
        let (tell, hears) = unbounded_channel();
        let link = ModelLink { provider: "test", model: "told".to_owned(), name: "Told".to_owned(), window: 100_000 };
        (tell, Arc::new(Self { link, hears: Mutex::new(Some(hears)) }))
    }
}

impl Model for ToldModel {
    fn link(&self) -> &ModelLink {
        &self.link
    }

    fn ask(&self, _: Request) -> BoxStream<'static, Said> {
        let hears = self.hears.lock().unwrap().take().expect("it is asked once");
        stream::unfold(hears, |mut hears| async move { hears.recv().await.map(|said| (said, hears)) }).boxed()
    }
}

/// A model that says the same whenever it is asked, at once; `None` in its script is where it hangs.
pub(in crate::tests) struct ScriptedModel {
    link: ModelLink,
    script: Vec<Option<Said>>,
}

impl ScriptedModel {
    /// A model of that name with that script.
    pub(in crate::tests) fn that_says(name: &str, script: Vec<Option<Said>>) -> Arc<dyn Model> {
        let link = ModelLink { provider: "test", model: name.to_owned(), name: name.to_owned(), window: 100_000 };
        Arc::new(Self { link, script })
    }
}

impl Model for ScriptedModel {
    fn link(&self) -> &ModelLink {
        &self.link
    }

    fn ask(&self, _: Request) -> BoxStream<'static, Said> {
        let says = |said: Option<Said>| async { if let Some(said) = said { said } else { std::future::pending().await } };
        stream::iter(self.script.clone()).then(says).boxed()
    }
}
