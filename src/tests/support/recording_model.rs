//! A test model with a script for each request, which records the requests.

use crate::server::assistant::model::{Model, ModelError, ModelEvent, ModelLink, ModelRequest};
use futures::stream::{self, BoxStream, StreamExt};
use std::sync::{Arc, Mutex};

type ModelResult = Result<ModelEvent, ModelError>;

/// Answers each request with the next script, further ones with the last; `None` in one hangs.
pub(in crate::tests) struct RecordingModel {
    link: ModelLink,
    scripts: Vec<Vec<Option<ModelResult>>>,
    requests: Mutex<Vec<ModelRequest>>,
}

impl RecordingModel {
    /// A model with these scripts.
    pub(in crate::tests) fn with(scripts: Vec<Vec<Option<ModelResult>>>) -> Arc<Self> {
        let link = ModelLink {
            provider: "test",
            model: "recording".to_owned(),
            name: "Recording".to_owned(),
            window: 1_000_000,
            supports_images: false,
        };
        Arc::new(Self {
            link,
            scripts,
            requests: Mutex::default(),
        })
    }

    /// The requests so far.
    pub(in crate::tests) fn requests(&self) -> Vec<ModelRequest> {
        self.requests.lock().unwrap().clone()
    }
}

impl Model for RecordingModel {
    fn link(&self) -> &ModelLink {
        &self.link
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, ModelResult> {
        let mut requests = self.requests.lock().unwrap();
        let script = self.scripts[requests.len().min(self.scripts.len() - 1)].clone();
        requests.push(request);
        let next_event = |event: Option<ModelResult>| async {
            match event {
                Some(event) => event,
                None => std::future::pending().await,
            }
        };
        stream::iter(script).then(next_event).boxed()
    }
}
