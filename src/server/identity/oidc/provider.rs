//! The provider with its metadata and keys, fetched when first needed and cached for an hour. An
//! unknown key causes at most one fetch per minute, whatever tokens are sent. The cache stays in
//! use while the provider is unreachable.

use super::{
    claims::{Claims, TokenError},
    http_client::{self, HttpClient},
    keys::KeySet,
    metadata::ProviderMetadata,
    settings::ProviderConfig,
};
use crate::server::base::{clock::Clock, log_targets};
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

/// How long cached metadata and keys are fresh.
const CACHE_LIFETIME: Duration = Duration::from_secs(3_600);
/// Minimum time between two fetches.
const FETCH_INTERVAL: Duration = Duration::from_secs(60);
/// Time until the next fetch while nothing is cached.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);
/// Maximum length of a token.
const TOKEN_MAX_BYTES: usize = 16 * 1024;

/// An OpenID provider with a cache of its metadata and keys.
pub struct OidcProvider {
    /// Its settings.
    pub config: ProviderConfig,
    /// The HTTP client for the provider.
    pub http: HttpClient,
    clock: Clock,
    cached: RwLock<Option<Arc<Discovery>>>,
    /// When the next fetch is allowed; locked during a fetch.
    next_fetch: tokio::sync::Mutex<Duration>,
}

/// The provider's metadata and keys.
pub struct Discovery {
    /// The metadata.
    pub metadata: ProviderMetadata,
    /// The keys.
    pub keys: KeySet,
    fetched_at: Duration,
}

impl OidcProvider {
    /// A provider with an empty cache: it may be down when Holly starts. Errors: the TLS library
    /// cannot be set up.
    pub fn new(config: ProviderConfig, clock: Clock) -> Result<Self, reqwest::Error> {
        Ok(Self {
            config,
            http: HttpClient::new()?,
            clock,
            cached: RwLock::default(),
            next_fetch: tokio::sync::Mutex::default(),
        })
    }

    /// The provider's metadata and keys, from the cache if it is fresh.
    pub async fn discovery(&self) -> Result<Arc<Discovery>, TokenError> {
        self.discovery_with(|_| true).await
    }

    fn cached(&self) -> Option<Arc<Discovery>> {
        self.cached
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Fetches metadata and keys. Errors: a sentence about what is wrong.
    pub async fn fetch(&self) -> Result<Discovery, String> {
        let metadata = ProviderMetadata::fetch(&self.http, &self.config.issuer).await?;
        let keys = http_client::send(self.http.get(&metadata.jwks_uri))
            .await
            .and_then(|document| KeySet::parse(&document));
        let keys = keys.map_err(|error| format!("{}: {error}", metadata.jwks_uri))?;
        Ok(Discovery {
            metadata,
            keys,
            fetched_at: self.clock.monotonic(),
        })
    }

    /// Validates the bearer token of an API call.
    pub async fn check_token(&self, token: &str) -> Result<Claims, TokenError> {
        if !self.config.accepts_tokens() {
            return Err(TokenError::Audience);
        }
        self.check(token, &self.config.audiences, &self.config.parties)
            .await
    }

    /// Validates the ID token of the sign-in with this nonce.
    pub async fn check_id_token(
        &self,
        token: &str,
        client_id: &str,
        nonce: &str,
    ) -> Result<Claims, TokenError> {
        let claims = self.check(token, &[client_id.to_owned()], &[]).await?;
        claims.check_nonce(nonce, client_id)?;
        Ok(claims)
    }

    /// Verifies a token with the key named by `kid`. Other headers that refer to keys (`jku`,
    /// `jwk`, `x5u`) are ignored.
    async fn check(
        &self,
        token: &str,
        audiences: &[String],
        parties: &[String],
    ) -> Result<Claims, TokenError> {
        if token.len() > TOKEN_MAX_BYTES {
            return Err(TokenError::Unreadable);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Unreadable)?;
        if header.crit.is_some() {
            // It requires extensions (RFC 7515, section 4.1.11); none are supported.
            return Err(TokenError::Unreadable);
        }
        let id = header.kid.as_deref();
        let discovery = self
            .discovery_with(|discovery| discovery.keys.find(id).is_some())
            .await?;
        let key = discovery.keys.find(id).ok_or(TokenError::UnknownKey)?;
        let claims = key.verify(token)?;
        let issuer = &discovery.metadata.issuer;
        claims.check(issuer, audiences, parties)?;
        claims.check_times(self.config.leeway_ms, self.clock.now())?;
        Ok(claims)
    }

    /// The cached discovery, fetched again if it is stale or not `sufficient` and a fetch is
    /// allowed.
    async fn discovery_with(
        &self,
        sufficient: impl Fn(&Discovery) -> bool,
    ) -> Result<Arc<Discovery>, TokenError> {
        let is_fresh = |discovery: &Discovery| {
            let age = self.clock.monotonic().saturating_sub(discovery.fetched_at);
            age < CACHE_LIFETIME && sufficient(discovery)
        };
        let before = self.cached();
        if let Some(discovery) = before.as_ref().filter(|discovery| is_fresh(discovery)) {
            return Ok(discovery.clone());
        }
        let mut next_fetch = match (
            self.next_fetch.try_lock(),
            before.filter(|discovery| sufficient(discovery)),
        ) {
            (Ok(next_fetch), _) => next_fetch,
            // Another request is fetching; the stale cache is sufficient meanwhile.
            (Err(_), Some(stale)) => return Ok(stale),
            (Err(_), None) => self.next_fetch.lock().await,
        };
        if !self.cached().is_some_and(|discovery| is_fresh(&discovery))
            && self.clock.monotonic() >= *next_fetch
        {
            let wait = self.fetch_and_cache().await;
            *next_fetch = self.clock.monotonic() + wait;
        }
        self.cached().ok_or(TokenError::Unavailable)
    }

    /// Fetches, and caches the result on success. Returns the time until the next allowed fetch.
    async fn fetch_and_cache(&self) -> Duration {
        match self.fetch().await {
            Ok(discovery) => {
                *self.cached.write().unwrap_or_else(PoisonError::into_inner) =
                    Some(Arc::new(discovery));
                FETCH_INTERVAL
            }
            Err(error) => {
                let cached = self.cached().is_some();
                tracing::warn!(
                    target: log_targets::IDENTITY_OIDC_PROVIDER,
                    why = error, known = cached,
                    "metadata of the sign-in provider could not be fetched"
                );
                if cached {
                    FETCH_INTERVAL
                } else {
                    RETRY_INTERVAL
                }
            }
        }
    }
}
