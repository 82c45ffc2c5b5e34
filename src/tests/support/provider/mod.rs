//! An OpenID provider on a free port, with real signatures: it rotates keys, signs users in without
//! a prompt, checks code, secret and PKCE verifier, and can simulate an outage and wrong values.

mod key;
mod routes;

pub(in crate::tests) use key::SigningKey;

use super::people::NOW;
use crate::server::identity::oidc::settings::{Client, ProviderConfig};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

/// Holly's client id.
pub(in crate::tests) const CLIENT_ID: &str = "holly at home";
/// Holly's client secret.
pub(in crate::tests) const CLIENT_SECRET: &str = "canary-client:secret%7";

/// The provider's keys, settings and recorded requests.
pub(in crate::tests) struct ProviderState {
    /// The published keys; the first one signs.
    pub(in crate::tests) keys: Vec<SigningKey>,
    /// The number of requests for the keys.
    pub(in crate::tests) fetches: usize,
    /// Whether every request is answered with 503.
    pub(in crate::tests) down: bool,
    /// The user's claims in the ID token.
    pub(in crate::tests) person: Value,
    /// The response of `/userinfo`.
    pub(in crate::tests) userinfo: Value,
    /// Wrong values for the next sign-in, by name: `nonce`, `challenge`.
    pub(in crate::tests) wrong_values: HashMap<&'static str, String>,
    /// Codes not exchanged yet, with the query of their authorization request.
    codes: HashMap<String, HashMap<String, String>>,
    /// Every code and token issued.
    pub(in crate::tests) given: Vec<String>,
    issuer: String,
}

/// The running provider; it stops with the test's runtime.
#[derive(Clone)]
pub(in crate::tests) struct TestProvider {
    pub(in crate::tests) issuer: String,
    inside: Arc<Mutex<ProviderState>>,
}

impl TestProvider {
    /// A provider with one RSA key, where Ada is signed in.
    pub(in crate::tests) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}/realm", listener.local_addr().unwrap());
        let inside = Arc::new(Mutex::new(ProviderState {
            keys: vec![SigningKey::rsa("first")],
            fetches: 0,
            down: false,
            person: json!({ "sub": "ada|1", "email": "Ada@example.org", "email_verified": true }),
            userinfo: json!({}),
            wrong_values: HashMap::new(),
            codes: HashMap::new(),
            given: Vec::new(),
            issuer: issuer.clone(),
        }));
        let service = routes::router(inside.clone());
        tokio::spawn(axum::serve(listener, service).into_future());
        Self { issuer, inside }
    }

    /// Its state, to inspect and to change.
    pub(in crate::tests) fn inside(&self) -> MutexGuard<'_, ProviderState> {
        self.inside.lock().unwrap()
    }

    /// Settings that accept its tokens for the audience `holly` and, with `addr`, sign-in by
    /// browser.
    pub(in crate::tests) fn config(&self, addr: Option<SocketAddr>) -> ProviderConfig {
        let client = |addr| {
            Client::new(
                &format!("http://{addr}"),
                CLIENT_ID,
                CLIENT_SECRET.parse().ok(),
                "openid email",
            )
        };
        ProviderConfig {
            issuer: self.issuer.clone(),
            name: "Lighthouse".to_owned(),
            audiences: vec!["holly".to_owned()],
            parties: Vec::new(),
            client: addr.map(client),
            allowed: Vec::new(),
            admin_claim: None,
            admins: Vec::new(),
            trust_unverified_email: false,
            leeway_ms: 60_000,
        }
    }

    /// The claims of an API token for `subject`, issued now and valid for a minute.
    pub(in crate::tests) fn claims(&self, subject: &str) -> Value {
        let now = NOW.millis() / 1_000;
        json!({
            "iss": self.issuer, "sub": subject, "aud": "holly",
            "iat": now, "nbf": now, "exp": now + 60,
        })
    }

    /// A token for `subject` with changed claims; null removes a claim.
    pub(in crate::tests) fn token(&self, subject: &str, changes: Value) -> String {
        let mut claims = self.claims(subject);
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        self.inside().keys[0].signs(&claims)
    }

    /// Replaces the keys by this one.
    pub(in crate::tests) fn rotates(&self, key: SigningKey) {
        self.inside().keys = vec![key];
    }

    /// The number of requests for the keys.
    pub(in crate::tests) fn fetches(&self) -> usize {
        self.inside().fetches
    }
}
