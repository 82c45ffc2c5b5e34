//! The provider as this process knows it: its description and its keys, read when they are first
//! needed and kept for an hour. A key that is not known is asked for at most once a minute,
//! whatever is shown; what is known goes on while it does not answer.

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

/// How long keys are good without asking again.
const FRESH: Duration = Duration::from_secs(3_600);
/// The provider is asked at most so often.
const ASK_EVERY: Duration = Duration::from_secs(60);
/// The provider is asked again so soon when nothing is known of it yet.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// Longest token that is looked at.
const TOKEN_MAX_BYTES: usize = 16 * 1024;

/// A provider, and what is known of it.
pub struct OidcProvider {
    /// Its settings.
    pub config: ProviderConfig,
    /// How to speak with it.
    pub web: HttpClient,
    clock: Clock,
    known: RwLock<Option<Arc<Known>>>,
    /// When it may be asked again; held while it is asked.
    ask_from: tokio::sync::Mutex<Duration>,
}

/// What the provider said of itself.
pub struct Known {
    /// Where it does what.
    pub metadata: ProviderMetadata,
    /// Its keys.
    pub keys: KeySet,
    read_at: Duration,
}

impl OidcProvider {
    /// A provider of which nothing is known yet: it may be down when Holly starts. Errors: the TLS
    /// library cannot be set up.
    pub fn new(config: ProviderConfig, clock: Clock) -> Result<Self, reqwest::Error> {
        Ok(Self {
            config,
            web: HttpClient::new()?,
            clock,
            known: RwLock::default(),
            ask_from: tokio::sync::Mutex::default(),
        })
    }

    /// What it says of itself.
    pub async fn known(&self) -> Result<Arc<Known>, TokenError> {
        self.known_with(|_| true).await
    }

    /// What is known without asking it.
    pub fn known_now(&self) -> Option<Arc<Known>> {
        self.known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Asks the provider. Errors: a sentence on what is wrong.
    pub async fn ask(&self) -> Result<Known, String> {
        let metadata = ProviderMetadata::ask(&self.web, &self.config.issuer).await?;
        let keys = http_client::answer(self.web.get(&metadata.jwks_uri))
            .await
            .and_then(|document| KeySet::read(&document));
        let keys = keys.map_err(|why| format!("{}: {why}", metadata.jwks_uri))?;
        Ok(Known {
            metadata,
            keys,
            read_at: self.clock.monotonic(),
        })
    }

    /// What an API call's token says, if Holly goes by it.
    pub async fn check_token(&self, token: &str) -> Result<Claims, TokenError> {
        if !self.config.takes_tokens() {
            return Err(TokenError::Audience);
        }
        self.check(token, &self.config.audiences, &self.config.parties)
            .await
    }

    /// What the ID token says that answers the question with this nonce.
    pub async fn check_id_token(
        &self,
        token: &str,
        client_id: &str,
        nonce: &str,
    ) -> Result<Claims, TokenError> {
        let claims = self.check(token, &[client_id.to_owned()], &[]).await?;
        claims.answers(nonce, client_id)?;
        Ok(claims)
    }

    /// Reads a token with the key that it names. Other headers that lead to keys (`jku`, `jwk`,
    /// `x5u`) are not looked at.
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
            // It asks for extensions to be understood (RFC 7515, section 4.1.11); we know none.
            return Err(TokenError::Unreadable);
        }
        let id = header.kid.as_deref();
        let known = self
            .known_with(|known| known.keys.find(id).is_some())
            .await?;
        let key = known.keys.find(id).ok_or(TokenError::UnknownKey)?;
        let claims = key.open(token)?;
        let issuer = &known.metadata.issuer;
        claims.check(issuer, audiences, parties, self.clock.now())?;
        Ok(claims)
    }

    /// What is known, asked anew when it is old or not `enough` and the provider may be asked.
    async fn known_with(&self, enough: impl Fn(&Known) -> bool) -> Result<Arc<Known>, TokenError> {
        let fresh = |known: &Known| {
            self.clock.monotonic().saturating_sub(known.read_at) < FRESH && enough(known)
        };
        let before = self.known_now();
        if let Some(known) = before.as_ref().filter(|known| fresh(known)) {
            return Ok(known.clone());
        }
        let mut ask_from = match (
            self.ask_from.try_lock(),
            before.filter(|known| enough(known)),
        ) {
            (Ok(ask_from), _) => ask_from,
            // Somebody asks already, and what is old is good enough meanwhile.
            (Err(_), Some(old)) => return Ok(old),
            (Err(_), None) => self.ask_from.lock().await,
        };
        if !self.known_now().is_some_and(|known| fresh(&known))
            && self.clock.monotonic() >= *ask_from
        {
            let wait = self.ask_and_keep().await;
            *ask_from = self.clock.monotonic() + wait;
        }
        self.known_now().ok_or(TokenError::Unavailable)
    }

    /// Asks, and keeps the answer if there is one. Returns how long not to ask again.
    async fn ask_and_keep(&self) -> Duration {
        match self.ask().await {
            Ok(known) => {
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(known));
                ASK_EVERY
            }
            Err(why) => {
                let known = self.known_now().is_some();
                tracing::warn!(
                    target: log_targets::IDENTITY_OIDC_PROVIDER,
                    why, known, "the sign-in provider could not be asked"
                );
                if known { ASK_EVERY } else { ASK_AGAIN }
            }
        }
    }
}
