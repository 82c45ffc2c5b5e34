//! What the rooms share while the server runs.

pub mod config;
pub mod site;

use super::{
    archive::{Archive, Tiers},
    assistant::{
        Assistant, AssistantDeps, Breakers,
        mcp::{self, McpServers},
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
use std::sync::Arc;
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
    /// The time.
    pub clock: Clock,
    /// The data folder, held as long as the server runs.
    pub data_dir: Arc<DataDir>,
    /// What people attached and tools made.
    pub files: FileStore,
    /// What readers share.
    pub feed: Arc<Feed>,
    /// Open streams.
    pub stream_limiter: StreamLimiter,
    /// How long things last on a stream.
    pub timing: Timing,
    /// The provider that people sign in with, if there is one.
    pub provider: Option<Arc<OidcProvider>>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Limits by person and address.
    pub limits: Arc<Limits>,
    /// The assistant.
    pub assistant: Assistant,
    /// Addresses of the built site.
    pub site: Site,
    /// Ends every task of the process.
    pub shutdown: CancellationToken,
    /// The tasks to wait for at the end.
    pub tasks: TaskTracker,
}

/// Opens database and archive.
pub async fn open_retention(config: &Config) -> Result<Tiers, StoreError> {
    let archive = Archive::open(&config.retention.archive_url).map_err(StoreError::Unusable)?;
    Ok(Tiers {
        store: Store::open_with_pooler(&config.database_url, &config.listen_url).await?,
        archive,
    })
}

/// Opens database and archive, and lets every entry expire by the settings.
pub async fn begin_retention(config: &Config) -> Result<Tiers, StoreError> {
    let tiers = open_retention(config).await?;
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

/// The sign-in provider that the settings name. Sessions end here that the settings no longer let
/// begin.
async fn open_provider(
    config: &Config,
    clock: &Clock,
    store: &Store,
) -> Result<Option<Arc<OidcProvider>>, StoreError> {
    let rules = config.oidc.provider.clone();
    let mut tx = store.begin().await?;
    let issuer = rules.as_ref().map(|rules| rules.issuer.as_str());
    let ended = sessions::delete_impossible(&mut tx, config.oidc.local_accounts, issuer).await?;
    tx.commit().await?;
    if ended > 0 {
        tracing::info!(
            ended,
            "sessions ended that could not begin with these settings"
        );
    }
    let provider = rules
        .map(|rules| OidcProvider::new(rules, clock.clone()))
        .transpose();
    Ok(provider
        .map_err(|why| StoreError::Unusable(why.to_string()))?
        .map(Arc::new))
}

impl App {
    /// Opens database and data folder and hires the assistant.
    pub async fn open(config: Config, clock: Clock, site: Site) -> Result<Self, StoreError> {
        let servers = mcp::read(&config.data_dir.join("mcp.json"))
            .map_err(|problems| StoreError::Unusable(problems.join("\nholly: ")))?;
        let data_dir = Arc::new(DataDir::take(&config.data_dir)?);
        let files = FileStore::open(&config.retention.archive_url, &config.data_dir)
            .map_err(StoreError::Unusable)?;
        let tiers = begin_retention(&config).await?;
        let provider = open_provider(&config, &clock, &tiers.store).await?;
        let (feed, metrics, shutdown, tasks) = (
            Arc::<Feed>::default(),
            Arc::<Metrics>::default(),
            CancellationToken::new(),
            TaskTracker::new(),
        );
        let registry = tools::Registry::from_config(&config.services, PollConfig::default())
            .map_err(|why| StoreError::Unusable(why.to_string()))?;
        let limits = Arc::new(Limits::new(&config.limits, &clock));
        let assistant = Assistant::new(AssistantDeps {
            store: tiers.store.clone(),
            clock: clock.clone(),
            feed: feed.clone(),
            files: files.clone(),
            metrics: metrics.clone(),
            limits: limits.clone(),
            chain: providers::chain(&config.models, config.demo_pace)
                .map_err(|why| StoreError::Unusable(why.to_string()))?,
            timeouts: config.patience,
            breakers: Breakers::default(),
            tools: registry.with_servers(McpServers::start(servers, &shutdown, &tasks)),
            pace: config.demo_pace,
            shutdown: shutdown.clone(),
            tasks: tasks.clone(),
        });
        Ok(Self {
            config: Arc::new(config),
            store: tiers.store.clone(),
            tiers,
            clock,
            data_dir,
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

    /// What retention runs work with.
    pub fn retention_worker(&self) -> Worker {
        Worker {
            tiers: self.tiers.clone(),
            clock: self.clock.clone(),
            policy: self.config.retention.policy,
            metrics: self.metrics.clone(),
            tasks: self.tasks.clone(),
        }
    }

    /// What pages are read from.
    pub fn snapshot_source(&self) -> snapshots::PageSource<'_> {
        snapshots::PageSource {
            tiers: &self.tiers,
            cold_days: self.config.retention.policy.cold_days,
            now: self.clock.now(),
        }
    }

    /// What the stats page is made of.
    pub fn stats_source(&self) -> stats::StatsSource<'_> {
        stats::StatsSource {
            tiers: &self.tiers,
            policy: self.config.retention.policy,
            streams: &self.stream_limiter,
            now: self.clock.now(),
        }
    }

    /// What an export is read from.
    pub fn export_source(&self) -> export::ExportSource {
        export::ExportSource {
            store: self.store.clone(),
            archive: self.tiers.archive.clone(),
            now: self.clock.now(),
            public_url: self.config.public_url.clone().unwrap_or_default(),
        }
    }
}
