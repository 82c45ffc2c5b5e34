//! The assistant: a turn is a person's message, the chain of models, the tools, and the answer. It
//! runs as a task of the server, so closing the tab does not end it.
//!
//! `attached`: files beside a message. `turn`: one turn from beginning to end. `chain`: asking
//! models in order, by the rules of `policy` and `breaker`, with as much as `budget` lets through,
//! counted by `cost`. `listening`, `answer`: the message that grows. `milestones`: the ten log
//! points. `tools`: what a model may ask for, `mcp`: of other programs, `approval`: only when
//! allowed. `providers`: real models; `demo`: the built-in one.

mod answer;
mod approval;
pub mod attachments;
mod breaker;
mod budget;
mod chain;
mod cost;
mod demo;
mod lease;
pub mod link;
pub mod mcp;
pub mod model;
pub mod providers;
pub mod response;
pub mod retry_policy;
pub mod tool;
mod tool_calls;
pub mod tools;
mod turn;
pub mod turn_log;

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
    store::{Store, turns::TurnRef},
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

/// What the assistant works with.
pub struct AssistantDeps {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// Where tokens in flight are read from.
    pub feed: Arc<Feed>,
    /// Where files go.
    pub files: FileStore,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Limits by person.
    pub limits: Arc<Limits>,
    /// The models, tried in order.
    pub chain: Vec<Arc<dyn Model>>,
    /// How long they may take.
    pub patience: ModelTimeouts,
    /// Which of them rest.
    pub breakers: Breakers,
    /// The tools.
    pub tools: tools::Registry,
    /// Factor on the waits of demo tools.
    pub pace: f64,
    /// Ends with the process.
    pub shutdown: CancellationToken,
    /// The tasks to wait for at the end.
    pub tasks: TaskTracker,
}

/// The assistant; cheap to clone.
#[derive(Clone)]
pub struct Assistant {
    deps: Arc<AssistantDeps>,
    worker: Arc<str>,
    running: Arc<Mutex<HashMap<TurnId, CancellationToken>>>,
}

impl Assistant {
    /// An assistant that works with these things.
    pub fn new(deps: AssistantDeps) -> Self {
        let worker = digest::random_hex::<8>().into();
        Self {
            deps: Arc::new(deps),
            worker,
            running: Arc::default(),
        }
    }

    /// The models that can be chosen, in the order in which they are asked.
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

    /// How the programs stand whose tools it may use.
    pub fn tool_servers(&self) -> Vec<ToolServer> {
        self.deps.tools.servers().states()
    }

    /// Stores a message and starts the turn that answers it.
    pub async fn send(
        &self,
        user: UserId,
        conversation: Option<ConversationId>,
        asking: impl Into<NewMessage>,
    ) -> Result<(TurnRef, Message)> {
        self.send_with(user, conversation, asking.into(), Vec::new())
            .await
    }

    /// The same with files beside the message; a `file_operation` entry notes them. Errors: as
    /// [`Assistant::send`], and `Refused` for each file that cannot be taken.
    pub async fn send_with(
        &self,
        user: UserId,
        conversation: Option<ConversationId>,
        asking: NewMessage,
        uploads: Vec<Upload>,
    ) -> Result<(TurnRef, Message)> {
        self.check_model(&asking)?;
        self.admit(user, uploads.len()).await?;
        let files = attachments::keep(&self.deps, user, chat::check_attachments(uploads)?).await?;
        let asking = NewMessage {
            attachments: files.clone(),
            ..asking
        };
        let begun =
            chat::begin_turn(&self.deps.store, self.beginning(user), conversation, asking).await;
        if begun.is_err() {
            attachments::discard(&self.deps, user, &files).await;
        }
        let (turn, message) = begun?;
        turn_log::TurnLog::new(&self.deps, turn)
            .attached(&files)
            .await;
        self.start(turn);
        Ok((turn, message))
    }

    /// Refuses one turn too many in a minute, files too many, and a turn without tokens left for
    /// it.
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

    fn check_model(&self, asking: &NewMessage) -> Result<()> {
        let choices = self.choices();
        match &asking.model {
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

    /// Answers a conversation's last message once more; the answers it had are superseded.
    pub async fn retry(&self, user: UserId, conversation: ConversationId) -> Result<TurnRef> {
        self.admit(user, 0).await?;
        let turn = chat::retry_turn(&self.deps.store, self.beginning(user), conversation).await?;
        self.start(turn);
        Ok(turn)
    }

    /// Stops a conversation's running turn, wherever it runs. `None` when nothing runs.
    pub async fn stop(&self, user: UserId, conversation: ConversationId) -> Result<Option<TurnId>> {
        let turn =
            chat::request_stop(&self.deps.store, self.deps.clock.now(), user, conversation).await?;
        turn.inspect(|turn| self.cancel(*turn));
        Ok(turn)
    }

    fn beginning(&self, user: UserId) -> BeginTurn<'_> {
        let now = self.deps.clock.now();
        BeginTurn {
            now,
            user,
            worker: &self.worker,
            lease_until: now.plus(lease::LEASE_MS),
            bounds: self.deps.limits.bounds,
        }
    }

    fn start(&self, turn: TurnRef) {
        let cancel = CancellationToken::new();
        self.running().insert(turn.id, cancel.clone());
        let assistant = self.clone();
        self.deps.tasks.spawn(async move {
            let ending = turn::run(&assistant.deps, turn, &cancel).await;
            assistant.running().remove(&turn.id);
            assistant.count(ending);
        });
    }

    fn count(&self, ending: TurnOutcome) {
        let how = match ending {
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

    /// Ends a turn at once that was asked to stop, if it runs in this process.
    pub fn cancel(&self, turn: TurnId) {
        if let Some(cancel) = self.running().get(&turn) {
            cancel.cancel();
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<TurnId, CancellationToken>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
