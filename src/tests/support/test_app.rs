//! The whole server on a free port, as `server::serve` runs it, with a clock that the test sets.

use super::{Answer, Person};
use crate::{
    domain::{
        Account, EntryDraft, Metadata, Scopes, WorkLogEntry,
        ids::{FileId, UserId},
        time::{DAY_MS, Timestamp},
    },
    server::{
        assistant::{
            Assistant, AssistantDeps, Breakers,
            link::{LinkSpec, ProviderKind},
            model::Model,
            providers::settings::Link,
            retry_policy::ModelTimeouts,
            tools::{self, services::settings::ServiceConfig},
        },
        base::{clock::Clock, new_id},
        http::router::router,
        identity::{self, NewKey},
        limits::settings::LimitConfig,
        retention::settings::RetentionConfig,
        serve::{
            connection_limiter::ConnectionLimits,
            listener::{self, Deadlines},
            workers,
        },
        state::{App, config::Config, site::Site},
        store::users,
        work_log::{Origin, create_work_log},
    },
};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// The time at which tests begin: 2026-11-24T09:30:00Z.
const START_TIME: Timestamp = Timestamp::from_millis(1_795_512_600_000);

/// The test servers' `HOLLY_METRICS_TOKEN`.
const METRICS_TOKEN: &str = "a token of monitoring";

/// For models that answer when the test says so; retries follow without a pause.
const LONG_TIMEOUTS: ModelTimeouts = ModelTimeouts {
    first: Duration::from_secs(3_600),
    between: Duration::from_secs(3_600),
    total: Duration::from_secs(3_600),
    retry_delay_factor: 0.0,
};

/// A running server; it shuts down on drop.
pub(in crate::tests) struct TestApp {
    pub(in crate::tests) app: App,
    base: String,
    client: reqwest::Client,
    _folder: TempDir,
}

impl TestApp {
    /// A server with the default test settings.
    pub(in crate::tests) async fn start() -> Self {
        Self::with(|_| {}, |_| {}).await
    }

    /// A server whose settings and [`App`] the test may change before it serves.
    pub(in crate::tests) async fn with(
        settings: impl FnOnce(&mut Config),
        change_app: impl FnOnce(&mut App),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = test_config(folder.path());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        config.addr = listener.local_addr().unwrap();
        settings(&mut config);
        let site = Site::plain(config.site_dir.as_deref().unwrap_or(folder.path()));
        let mut app = App::open(config, Clock::at(START_TIME), site)
            .await
            .unwrap();
        change_app(&mut app);
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(listener::serve(
            listener,
            router(app.clone(), crate::app::shell),
            ConnectionLimits::default(),
            Deadlines::default(),
            app.shutdown.clone(),
        ));
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            app,
            base,
            client,
            _folder: folder,
        }
    }

    /// A server whose assistant asks these models, with long timeouts.
    pub(in crate::tests) async fn with_models(chain: Vec<Arc<dyn Model>>) -> Self {
        Self::with_timeouts(chain, LONG_TIMEOUTS).await
    }

    /// A server with these limits, whose assistant asks this model.
    pub(in crate::tests) async fn with_limits(
        limits: impl FnOnce(&mut LimitConfig),
        model: Arc<dyn Model>,
    ) -> Self {
        let change_app = |app: &mut App| {
            app.assistant = assistant(app, vec![model], LONG_TIMEOUTS, tools::Registry::demo())
        };
        Self::with(|config| limits(&mut config.limits), change_app).await
    }

    /// A server whose assistant asks these models with these timeouts.
    pub(in crate::tests) async fn with_timeouts(
        chain: Vec<Arc<dyn Model>>,
        timeouts: ModelTimeouts,
    ) -> Self {
        Self::with(
            |_| {},
            |app| app.assistant = assistant(app, chain, timeouts, tools::Registry::demo()),
        )
        .await
    }

    /// A server whose assistant asks these models and has these tools.
    pub(in crate::tests) async fn with_tools(
        chain: Vec<Arc<dyn Model>>,
        tools: impl FnOnce(&App) -> tools::Registry,
    ) -> Self {
        let change_app = |app: &mut App| {
            let tools = tools(app);
            app.assistant = assistant(app, chain, LONG_TIMEOUTS, tools);
        };
        Self::with(|_| {}, change_app).await
    }

    /// A server on this database, in a cluster with other processes, with this model or the demo.
    pub(in crate::tests) async fn on(database_url: &str, model: Option<Arc<dyn Model>>) -> Self {
        Self::on_with(database_url, model, |_| {}).await
    }

    /// [`Self::on`] with changed settings.
    pub(in crate::tests) async fn on_with(
        database_url: &str,
        model: Option<Arc<dyn Model>>,
        change_config: impl FnOnce(&mut Config),
    ) -> Self {
        let settings = |config: &mut Config| {
            database_url.clone_into(&mut config.database_url);
            database_url.clone_into(&mut config.listen_url);
            change_config(config);
        };
        let change_app = |app: &mut App| {
            if let Some(model) = model {
                app.assistant = assistant(app, vec![model], LONG_TIMEOUTS, tools::Registry::demo());
            }
        };
        let server = Self::with(settings, change_app).await;
        workers::start(&server.app);
        server
    }

    /// What `/metrics` answers to a monitoring system.
    pub(in crate::tests) async fn metrics(&self) -> Answer {
        let request = self.anonymous().request(reqwest::Method::GET, "/metrics");
        Answer::to(request.bearer_auth(METRICS_TOKEN)).await
    }

    /// The path of a user's file.
    pub(in crate::tests) fn file(&self, user: UserId, id: FileId) -> PathBuf {
        self.app
            .config
            .data_dir
            .join("files")
            .join(user.to_string())
            .join(id.to_string())
    }

    /// Creates an entry with names in the metadata that others may not set.
    pub(in crate::tests) async fn logs(&self, owner: &Person, body: Value) -> WorkLogEntry {
        self.logs_as(owner, body, Origin::default()).await
    }

    /// Creates an entry of a turn, as the assistant does.
    pub(in crate::tests) async fn logs_of_turn(&self, owner: &Person, body: Value) -> Value {
        let origin = Origin {
            turn_id: Some(new_id::turn(self.app.clock.now())),
            ..Origin::default()
        };
        serde_json::json!(self.logs_as(owner, body, origin).await)
    }

    async fn logs_as(&self, owner: &Person, mut body: Value, origin: Origin) -> WorkLogEntry {
        let metadata = body.as_object_mut().unwrap().remove("metadata");
        let metadata = metadata.and_then(|metadata| metadata.as_object().cloned());
        let draft = EntryDraft {
            metadata: Metadata(metadata.unwrap_or_default()),
            ..EntryDraft::parse(&body).unwrap()
        };
        let (store, now) = (&self.app.store, self.app.clock.now());
        create_work_log(store, now, owner.id, draft, origin)
            .await
            .unwrap()
    }

    /// The same user as a client of this server.
    pub(in crate::tests) fn also(&self, person: &Person) -> Person {
        Person {
            base: self.base.clone(),
            ..person.clone()
        }
    }

    /// A new user, signed in by a cookie that does not expire.
    pub(in crate::tests) async fn person(&self, email: &str) -> Person {
        let id = self.create_account(email, false).await;
        self.signed_in_for_ever(id).await
    }

    /// A new admin, signed in by a cookie that does not expire.
    pub(in crate::tests) async fn admin(&self) -> Person {
        let id = self.create_account("admin@example.org", true).await;
        self.signed_in_for_ever(id).await
    }

    /// A new user, signed in by cookie.
    pub(in crate::tests) async fn browser(&self, email: &str) -> Person {
        let id = self.create_account(email, false).await;
        self.signed_in(id).await
    }

    async fn signed_in_for_ever(&self, id: UserId) -> Person {
        let person = self.signed_in(id).await;
        let mut tx = self.app.store.begin().await.unwrap();
        sqlx::query(
            "update sessions set last_seen_at = $2, expires_at = $2, confirmed_at = $2 where \
                     user_id = $1",
        )
        .bind(id.to_string())
        .bind(START_TIME.plus(10_000 * DAY_MS).millis())
        .execute(&mut *tx)
        .await
        .unwrap();
        tx.commit().await.unwrap();
        person
    }

    /// An existing user, signed in by cookie.
    pub(in crate::tests) async fn signed_in(&self, id: UserId) -> Person {
        let token = identity::begin_session(&self.app.store, self.app.clock.now(), id, "a test")
            .await
            .unwrap();
        self.client_of(id, Some(("cookie", format!("holly_session={token}"))))
    }

    /// The same user with a new API key that has every scope.
    pub(in crate::tests) async fn key_of(&self, person: &Person) -> Person {
        self.key_with(person, Scopes::ALL).await
    }

    /// The same user with a new API key.
    pub(in crate::tests) async fn key_with(&self, person: &Person, scopes: Scopes) -> Person {
        let new = NewKey {
            scopes,
            ..NewKey::from("a test")
        };
        let (store, now) = (&self.app.store, self.app.clock.now());
        let key = identity::create_key(store, now, person.id, new)
            .await
            .unwrap();
        self.client_of(person.id, Some(("authorization", format!("Bearer {key}"))))
    }

    /// A client without credentials.
    pub(in crate::tests) fn anonymous(&self) -> Person {
        self.client_of(new_id::user(START_TIME), None)
    }

    /// Creates an account without a password, because hashing one is slow.
    async fn create_account(&self, email: &str, is_admin: bool) -> UserId {
        let account = Account {
            id: new_id::user(self.app.clock.now()),
            email: email.to_owned(),
            is_admin,
        };
        let mut tx = self.app.store.begin().await.unwrap();
        assert!(
            users::insert(&mut tx, self.app.clock.now(), &account, "none")
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();
        account.id
    }

    fn client_of(&self, id: UserId, credential: Option<(&'static str, String)>) -> Person {
        Person {
            id,
            client: self.client.clone(),
            base: self.base.clone(),
            credential,
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.app.shutdown.cancel();
    }
}

fn assistant(
    app: &App,
    chain: Vec<Arc<dyn Model>>,
    timeouts: ModelTimeouts,
    tools: tools::Registry,
) -> Assistant {
    Assistant::new(AssistantDeps {
        store: app.store.clone(),
        clock: app.clock.clone(),
        feed: app.feed.clone(),
        files: app.files.clone(),
        metrics: app.metrics.clone(),
        limits: app.limits.clone(),
        chain,
        timeouts,
        breakers: Breakers::default(),
        tools,
        delay_factor: 0.0,
        shutdown: app.shutdown.clone(),
        tasks: app.tasks.clone(),
    })
}

/// The default test settings, with SQLite in `folder`.
pub(in crate::tests) fn test_config(folder: &Path) -> Config {
    Config {
        addr: ([127, 0, 0, 1], 0).into(),
        data_dir: folder.join("data"),
        database_url: format!("sqlite://{}", folder.join("data/holly.db").display()),
        retention: RetentionConfig {
            archive_url: format!("file://{}", folder.join("data/archive").display()),
            policy: Default::default(),
            cron_secret: None,
        },
        listen_url: String::new(),
        public_url: None,
        oidc: Default::default(),
        limits: LimitConfig {
            max_streams: 8,
            ..LimitConfig::default()
        },
        proxies: Default::default(),
        allowed_hosts: Default::default(),
        metrics_token: Some(METRICS_TOKEN.to_owned()),
        models: vec![Link {
            spec: LinkSpec::new(ProviderKind::Demo, "demo"),
            base: None,
            key: None,
        }],
        model_timeouts: LONG_TIMEOUTS,
        services: ServiceConfig::demo(),
        max_connections_per_address: 0,
        demo_pace: 0.0,
        site_dir: None,
    }
}
