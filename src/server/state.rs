//! What the rooms share while the server runs.

use super::{auth::Attempts, clock::Clock, config::Config, data_dir::DataDir, feed::Feed, feed::Places, metrics::Metrics, store::Store};
use std::sync::Arc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The running server; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The settings.
    pub config: Arc<Config>,
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// The data folder.
    pub data_dir: Arc<DataDir>,
    /// What readers share.
    pub feed: Arc<Feed>,
    /// Open streams.
    pub places: Places,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Limits by person and address.
    pub limits: Arc<Limits>,
    /// Ends every task of the process.
    pub shutdown: CancellationToken,
    /// The tasks to wait for at the end.
    pub tasks: TaskTracker,
}

/// Limits by person and address.
pub struct Limits {
    /// Tries to sign in.
    pub sign_in: Attempts,
    /// Entries created over HTTP.
    pub creates: Attempts,
}

/// Tries to sign in, by account and by address, in a minute.
const SIGN_INS_PER_MINUTE: u32 = 10;

impl App {
    /// Opens database and data folder.
    pub async fn open(config: Config, clock: Clock) -> Result<Self, super::store::StoreError> {
        let data_dir = Arc::new(DataDir::take(&config.data_dir)?);
        let store = Store::open(&config.database_url).await?;
        let limits =
            Limits { sign_in: Attempts::per_minute(SIGN_INS_PER_MINUTE), creates: Attempts::per_minute(config.rate_limit_per_minute) };
        Ok(Self {
            config: Arc::new(config),
            store,
            clock,
            data_dir,
            feed: Arc::default(),
            places: Places::default(),
            metrics: Arc::default(),
            limits: Arc::new(limits),
            shutdown: CancellationToken::new(),
            tasks: TaskTracker::new(),
        })
    }
}
