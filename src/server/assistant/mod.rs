//! The assistant. A turn is a user's message, the model calls, the tool calls, and the answer. It
//! runs as a task of the server, so closing the tab does not end it.
//!
//! `turn`: one turn. `history`: what earlier turns add to a request. `chain`: calls models in
//! order, by the rules of `retry_policy` and `breaker`, fitted by `budget`, put in order by
//! `message_order`, counted by `cost`. `response`, `answer`, `reasoning`: what a model sends,
//! within `bounds`. `attachments`: files of a message. `turn_log`, `turn_log_notes`: work log
//! entries. `tools`, `mcp`: the tools; `tool_calls` runs them, after `approval` if necessary, which
//! is bound to the `tool_identity`; `result_pictures` shows models the pictures they made.
//! `providers`: real models; `demo`: the built-in one. `model`, `tool`: the interfaces. `link`:
//! parses `HOLLY_MODELS`. `lease`: renews a turn's lease.

mod answer;
mod approval;
pub mod attachments;
mod bounds;
mod breaker;
mod budget;
mod chain;
mod cost;
mod demo;
mod history;
mod lease;
pub mod link;
pub mod mcp;
mod message_order;
pub mod model;
pub mod providers;
mod reasoning;
pub mod response;
mod result_pictures;
pub mod retry_policy;
pub mod tool;
mod tool_calls;
mod tool_identity;
pub mod tools;
mod turn;
pub mod turn_log;
mod turn_log_notes;

use super::{
    base::{
        clock::Clock,
        error::{Error, Result},
        metrics::Metrics,
    },
    chat::{self, BeginTurn, NewMessage, TurnOutcome, Upload},
    feed::Feed,
    files::FileStore,
    limits::Limits,
    store::{Store, turns::TurnRef, users},
};
use crate::{
    domain::{
        Message, ModelChoice, ToolServer,
        ids::{ConversationId, TurnId, UserId},
    },
    server::base::{digest, metrics::TurnLabels},
};
pub use breaker::Breakers;
use model::{Model, ModelLink};
use retry_policy::ModelTimeouts;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What the assistant depends on.
pub struct AssistantDeps {
    /// The database.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    /// The feed, which streams growing answers.
    pub feed: Arc<Feed>,
    /// The file store.
    pub files: FileStore,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// The limits.
    pub limits: Arc<Limits>,
    /// The models, tried in order.
    pub chain: Vec<Arc<dyn Model>>,
    /// Timeouts of model calls.
    pub timeouts: ModelTimeouts,
    /// Models in cooldown.
    pub breakers: Breakers,
    /// The tools.
    pub tools: tools::Registry,
    /// Factor on the delays of demo tools.
    pub delay_factor: f64,
    /// Cancelled at shutdown.
    pub shutdown: CancellationToken,
    /// Tasks to wait for at shutdown.
    pub tasks: TaskTracker,
}

impl AssistantDeps {
    /// The tools that a user may use. If the user cannot be read: those for everybody.
    pub(crate) async fn tools_of(&self, user: UserId) -> tools::Registry {
        if !self.tools.servers().is_restricted() {
            return self.tools.clone();
        }
        let email = async {
            let mut reader = self.store.read().await?;
            let account = users::by_id(&mut reader, user).await?;
            Ok::<_, Error>(account.map(|account| account.email))
        };
        let email = email.await.unwrap_or_else(|error| {
            tracing::error!(%user, %error, "a user could not be read; offering fewer tools");
            None
        });
        self.tools.for_user(email)
    }
}

/// The assistant; cheap to clone.
#[derive(Clone)]
pub struct Assistant {
    deps: Arc<AssistantDeps>,
    worker: Arc<str>,
    running: Arc<Mutex<HashMap<TurnId, CancellationToken>>>,
}

impl Assistant {
    /// An assistant with these dependencies.
    pub fn new(deps: AssistantDeps) -> Self {
        let worker = digest::random_hex::<8>().into();
        Self {
            deps: Arc::new(deps),
            worker,
            running: Arc::default(),
        }
    }

    /// The models that can be chosen, in the order of the chain.
    pub fn choices(&self) -> Vec<ModelChoice> {
        let choice = |link: &ModelLink| ModelChoice {
            key: link.key(),
            title: link.title(),
        };
        self.deps
            .chain
            .iter()
            .map(|model| choice(model.link()))
            .collect()
    }

    /// The state of the MCP servers.
    pub fn tool_servers(&self) -> Vec<ToolServer> {
        self.deps.tools.servers().states()
    }

    /// Stores a message and starts the turn that answers it.
    pub async fn send(
        &self,
        user: UserId,
        conversation: Option<ConversationId>,
        message: impl Into<NewMessage>,
    ) -> Result<(TurnRef, Message)> {
        self.send_with(user, conversation, message.into(), Vec::new())
            .await
    }

    /// As [`Assistant::send`], with attached files, for which a `file_operation` entry is written.
    /// Errors: also `Refused` for each invalid file.
    pub async fn send_with(
        &self,
        user: UserId,
        conversation: Option<ConversationId>,
        message: NewMessage,
        uploads: Vec<Upload>,
    ) -> Result<(TurnRef, Message)> {
        self.check_model(&message)?;
        self.admit(user, uploads.len()).await?;
        let attachments = chat::check_attachments(uploads)?;
        let files = attachments::store_files(&self.deps, user, attachments).await?;
        let message = NewMessage {
            attachments: files.clone(),
            ..message
        };
        let begin = self.begin_turn(user);
        let begun = chat::begin_turn(&self.deps.store, begin, conversation, message).await;
        if begun.is_err() {
            attachments::discard(&self.deps, user, &files).await;
        }
        let (turn, message) = begun?;
        turn_log::TurnLog::new(&self.deps, turn)
            .files_attached(&files)
            .await;
        self.start(turn);
        Ok((turn, message))
    }

    /// Checks the limits on messages and files per minute and on tokens per day.
    async fn admit(&self, user: UserId, uploads: usize) -> Result<()> {
        let AssistantDeps {
            store,
            clock,
            limits,
            ..
        } = &*self.deps;
        limits.messages.admit(user, 1, "messages")?;
        limits.uploads.admit(user, uploads, "files")?;
        limits.tokens.check(store, clock.now(), user).await
    }

    fn check_model(&self, message: &NewMessage) -> Result<()> {
        let choices = self.choices();
        match &message.model {
            Some(model)
                if !model.is_empty() && choices.iter().all(|choice| choice.key != *model) =>
            {
                let keys: Vec<String> = choices.into_iter().map(|choice| choice.key).collect();
                Err(Error::refused(
                    "model",
                    format!("must be empty or one of {}", keys.join(", ")),
                ))
            }
            _ => Ok(()),
        }
    }

    /// Answers a conversation's last message again; its earlier answers are superseded.
    pub async fn retry(&self, user: UserId, conversation: ConversationId) -> Result<TurnRef> {
        self.admit(user, 0).await?;
        let turn = chat::retry_turn(&self.deps.store, self.begin_turn(user), conversation).await?;
        self.start(turn);
        Ok(turn)
    }

    /// Stops a conversation's running turn, in any process. `None` if none is running.
    pub async fn stop(&self, user: UserId, conversation: ConversationId) -> Result<Option<TurnId>> {
        let turn =
            chat::request_stop(&self.deps.store, self.deps.clock.now(), user, conversation).await?;
        turn.inspect(|turn| self.cancel(*turn));
        Ok(turn)
    }

    fn begin_turn(&self, user: UserId) -> BeginTurn<'_> {
        let now = self.deps.clock.now();
        BeginTurn {
            now,
            user,
            worker: &self.worker,
            lease_until: now.plus(lease::LEASE_MS),
            limits: self.deps.limits.bounds,
        }
    }

    fn start(&self, turn: TurnRef) {
        let cancel = CancellationToken::new();
        self.running().insert(turn.id, cancel.clone());
        let assistant = self.clone();
        self.deps.tasks.spawn(async move {
            let outcome = turn::run(&assistant.deps, turn, &cancel).await;
            assistant.running().remove(&turn.id);
            assistant.count(outcome);
        });
    }

    fn count(&self, outcome: TurnOutcome) {
        let how = match outcome {
            TurnOutcome::Finished => "finished",
            TurnOutcome::Stopped => "stopped",
            TurnOutcome::Interrupted | TurnOutcome::Lapsed => "interrupted",
        };
        self.deps
            .metrics
            .turns
            .get_or_create(&TurnLabels { how })
            .inc();
    }

    /// Cancels a turn that was requested to stop, if it runs in this process.
    pub fn cancel(&self, turn: TurnId) {
        if let Some(cancel) = self.running().get(&turn) {
            cancel.cancel();
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<TurnId, CancellationToken>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
