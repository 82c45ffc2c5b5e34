//! The running server: everything its parts share. `config` has the settings.

pub mod config;
pub mod site;

use super::{
    archive::{Archive, Tiers},
    assistant::{
        Assistant, AssistantDeps, Breakers,
        mcp::{self, McpServers},
        model::Model,
        providers,
        tools::{self, services::fal::PollConfig},
    },
    base::{clock::Clock, data_dir::DataDir, error::StoreError, metrics::Metrics},
    chat::snapshots,
    export,
    feed::{Feed, StreamLimiter, Timing},
    files::FileStore,
    identity::oidc::OidcProvider,
    limits::Limits,
    retention::worker::Worker,
    stats,
    store::{Store, retention::set_policy, sessions},
};
use crate::server::state::{config::Config, site::Site};
use std::{fmt::Display, path::Path, sync::Arc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The running server; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The settings.
    pub config: Arc<Config>,
    /// The database.
    pub store: Store,
    /// The tiers: the database and the archive.
    pub tiers: Tiers,
    /// The clock.
    pub clock: Clock,
    /// The data folder, locked while the server runs.
    pub data_dir: Arc<DataDir>,
    /// Files that users attached and tools made.
    pub files: FileStore,
    /// Caches that the streams share.
    pub feed: Arc<Feed>,
    /// Counts open streams.
    pub stream_limiter: StreamLimiter,
    /// Intervals of a stream.
    pub timing: Timing,
    /// The OpenID provider, if one is configured.
    pub provider: Option<Arc<OidcProvider>>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Limits by user and by address.
    pub limits: Arc<Limits>,
    /// The assistant.
    pub assistant: Assistant,
    /// Paths of the built site.
    pub site: Site,
    /// Cancels every task of the process.
    pub shutdown: CancellationToken,
    /// The tasks that a shutdown waits for.
    pub tasks: TaskTracker,
}

/// Joins problems so that each is printed on a line of its own, after the program's name.
pub fn join_problems(problems: &[String]) -> String {
    problems.join("\nholly: ")
}

/// What the server needs besides the database. It is checked before the database is opened and
/// migrated, so all problems are reported at once and a server that cannot start changes nothing.
pub struct Prepared {
    servers: mcp::ServerList,
    data_dir: DataDir,
    files: FileStore,
    chain: Vec<Arc<dyn Model>>,
    registry: tools::Registry,
}

impl Prepared {
    /// Opens all of it. With problems, found here or before, they are completed by those of the
    /// database, and nothing is returned.
    pub async fn new(config: &Config, problems: &mut Vec<String>) -> Option<Self> {
        let data_dir = note(DataDir::take(&config.data_dir), problems);
        // what is inside a folder that cannot be used has the same problem
        let is_reachable = |url: &str| {
            let path = url.split_once("://").map_or(url, |(_, path)| path);
            data_dir.is_some() || !Path::new(path).starts_with(&config.data_dir)
        };
        let servers = data_dir.as_ref().and_then(|_| {
            mcp::read(&config.data_dir.join("mcp.json"))
                .map_err(|found| problems.extend(found))
                .ok()
        });
        let archive_url = &config.retention.archive_url;
        let archive = is_reachable(archive_url)
            .then(|| note(Archive::open(archive_url), problems))
            .flatten();
        let files = (archive.is_some() && data_dir.is_some())
            .then(|| note(FileStore::open(archive_url, &config.data_dir), problems))
            .flatten();
        let registry = note(
            tools::Registry::from_config(&config.services, PollConfig::default()),
            problems,
        );
        let chain = note(providers::chain(&config.models, config.demo_pace), problems);
        if !problems.is_empty() && is_reachable(&config.database_url) {
            let database = Store::check_connection(&config.database_url, &config.listen_url).await;
            problems.extend(database.err().unwrap_or_default());
        }
        if !problems.is_empty() {
            return None;
        }
        Some(Self {
            servers: servers?,
            data_dir: data_dir?,
            files: files?,
            chain: chain?,
            registry: registry?,
        })
    }
}

fn note<T, E: Display>(result: Result<T, E>, problems: &mut Vec<String>) -> Option<T> {
    result.map_err(|why| problems.push(why.to_string())).ok()
}

/// Opens the database and the archive.
pub async fn open_tiers(config: &Config) -> Result<Tiers, StoreError> {
    let archive = Archive::open(&config.retention.archive_url).map_err(StoreError::Unusable)?;
    Ok(Tiers {
        store: Store::open_with_pooler(&config.database_url, &config.listen_url).await?,
        archive,
    })
}

/// Opens the database and the archive, and stores the retention policy of the settings.
pub async fn open_tiers_with_policy(config: &Config) -> Result<Tiers, StoreError> {
    let tiers = open_tiers(config).await?;
    let mut tx = tiers.store.begin().await?;
    let policy = config.retention.policy;
    set_policy(
        &mut tx,
        [policy.hot_days, policy.warm_days, policy.cold_days],
    )
    .await?;
    tx.commit().await?;
    Ok(tiers)
}

/// The OpenID provider of the settings. Ends sessions that could not begin with these settings.
async fn open_provider(
    config: &Config,
    clock: &Clock,
    store: &Store,
) -> Result<Option<Arc<OidcProvider>>, StoreError> {
    let settings = config.oidc.provider.clone();
    let mut tx = store.begin().await?;
    let issuer = settings.as_ref().map(|settings| settings.issuer.as_str());
    let ended = sessions::delete_impossible(&mut tx, config.oidc.local_accounts, issuer).await?;
    tx.commit().await?;
    if ended > 0 {
        tracing::info!(
            ended,
            "ended sessions that could not begin with these settings"
        );
    }
    let provider = settings
        .map(|settings| OidcProvider::new(settings, clock.clone()))
        .transpose();
    Ok(provider
        .map_err(|why| StoreError::Unusable(why.to_string()))?
        .map(Arc::new))
}

impl App {
    /// Opens the database and the data folder and builds the assistant.
    pub async fn open(config: Config, clock: Clock, site: Site) -> Result<Self, StoreError> {
        let mut problems = Vec::new();
        let prepared = Prepared::new(&config, &mut problems).await;
        let prepared = prepared.ok_or_else(|| StoreError::Unusable(join_problems(&problems)))?;
        Self::start(prepared, config, clock, site).await
    }

    /// Opens the database and builds the assistant.
    pub async fn start(
        prepared: Prepared,
        config: Config,
        clock: Clock,
        site: Site,
    ) -> Result<Self, StoreError> {
        let Prepared {
            servers,
            data_dir,
            files,
            chain,
            registry,
        } = prepared;
        let tiers = open_tiers_with_policy(&config).await?;
        let provider = open_provider(&config, &clock, &tiers.store).await?;
        let (feed, metrics, shutdown, tasks) = (
            Arc::<Feed>::default(),
            Arc::<Metrics>::default(),
            CancellationToken::new(),
            TaskTracker::new(),
        );
        let limits = Arc::new(Limits::new(&config.limits, &clock));
        let assistant = Assistant::new(AssistantDeps {
            store: tiers.store.clone(),
            clock: clock.clone(),
            feed: feed.clone(),
            files: files.clone(),
            metrics: metrics.clone(),
            limits: limits.clone(),
            chain,
            timeouts: config.model_timeouts,
            breakers: Breakers::default(),
            tools: registry.with_servers(McpServers::start(servers, &shutdown, &tasks)),
            delay_factor: config.demo_pace,
            shutdown: shutdown.clone(),
            tasks: tasks.clone(),
        });
        Ok(Self {
            config: Arc::new(config),
            store: tiers.store.clone(),
            tiers,
            clock,
            data_dir: Arc::new(data_dir),
            files,
            feed,
            stream_limiter: StreamLimiter::default(),
            timing: Timing::default(),
            provider,
            metrics,
            limits,
            assistant,
            site,
            shutdown,
            tasks,
        })
    }

    /// The parts that a retention run needs.
    pub fn retention_worker(&self) -> Worker {
        Worker {
            tiers: self.tiers.clone(),
            clock: self.clock.clone(),
            policy: self.config.retention.policy,
            metrics: self.metrics.clone(),
            tasks: self.tasks.clone(),
        }
    }

    /// The parts that pages are read from.
    pub fn snapshot_source(&self) -> snapshots::PageSource<'_> {
        snapshots::PageSource {
            tiers: &self.tiers,
            cold_days: self.config.retention.policy.cold_days,
            clock: &self.clock,
        }
    }

    /// The parts that the stats page is read from.
    pub fn stats_source(&self) -> stats::StatsSource<'_> {
        stats::StatsSource {
            tiers: &self.tiers,
            policy: self.config.retention.policy,
            streams: &self.stream_limiter,
            now: self.clock.now(),
        }
    }

    /// The parts that an export is read from.
    pub fn export_source(&self) -> export::ExportSource {
        export::ExportSource {
            store: self.store.clone(),
            archive: self.tiers.archive.clone(),
            now: self.clock.now(),
            public_url: self.config.public_url.clone().unwrap_or_default(),
        }
    }
}
