//! An OpenID provider on a free port, with real signatures: it publishes keys that change, signs
//! people in at once, checks codes, secret and PKCE verifier as it should, and can be told to be
//! down or to lie.

mod key;
mod served;

pub(in crate::tests) use key::SigningKey;

use super::people::NOW;
use crate::server::identity::oidc::settings::{Client, ProviderConfig};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

/// Holly's id there.
pub(in crate::tests) const CLIENT_ID: &str = "holly at home";
/// Holly's secret there.
pub(in crate::tests) const CLIENT_SECRET: &str = "canary-client:secret%7";

/// What the provider has, and what it heard.
pub(in crate::tests) struct Inside {
    /// The keys it publishes; the first one signs.
    pub(in crate::tests) keys: Vec<SigningKey>,
    /// How often its keys were asked for.
    pub(in crate::tests) fetches: usize,
    /// Whether it answers nothing but errors.
    pub(in crate::tests) down: bool,
    /// What it says of whoever signs in, in the ID token.
    pub(in crate::tests) person: Value,
    /// What it tells besides, at `/userinfo`.
    pub(in crate::tests) userinfo: Value,
    /// What the next sign-ins change: `nonce`, `challenge`.
    pub(in crate::tests) lies: HashMap<&'static str, String>,
    /// Codes that were not exchanged yet, and what was asked with them.
    codes: HashMap<String, HashMap<String, String>>,
    /// Every token and code it gave out.
    pub(in crate::tests) given: Vec<String>,
    issuer: String,
}

/// The running provider; it ends with the test's runtime.
#[derive(Clone)]
pub(in crate::tests) struct TestProvider {
    pub(in crate::tests) issuer: String,
    inside: Arc<Mutex<Inside>>,
}

impl TestProvider {
    /// A provider with one RSA key, where Ada signs in.
    pub(in crate::tests) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}/realm", listener.local_addr().unwrap());
        let inside = Arc::new(Mutex::new(Inside {
            keys: vec![SigningKey::rsa("first")],
            fetches: 0,
            down: false,
            person: json!({ "sub": "ada|1", "email": "Ada@example.org", "email_verified": true }),
            userinfo: json!({}),
            lies: HashMap::new(),
            codes: HashMap::new(),
            given: Vec::new(),
            issuer: issuer.clone(),
        }));
        let service = served::router(inside.clone());
        tokio::spawn(axum::serve(listener, service).into_future());
        Self { issuer, inside }
    }

    /// What it has and heard, to look at and to change.
    pub(in crate::tests) fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap()
    }

    /// Settings that take its tokens for the audience `holly`, and with `addr` its people by
    /// browser.
    pub(in crate::tests) fn config(&self, addr: Option<SocketAddr>) -> ProviderConfig {
        let client = |addr| {
            Client::at(
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
        }
    }

    /// What a token for an API call says of `subject`: issued now, good for a minute.
    pub(in crate::tests) fn claims(&self, subject: &str) -> Value {
        let now = NOW.millis() / 1_000;
        json!({ "iss": self.issuer, "sub": subject, "aud": "holly", "iat": now, "nbf": now, "exp": now + 60 })
    }

    /// A token with these claims and changes to them; null takes a claim away.
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

    /// Replaces the keys by one of another kind.
    pub(in crate::tests) fn rotates(&self, key: SigningKey) {
        self.inside().keys = vec![key];
    }

    /// How often its keys were asked for.
    pub(in crate::tests) fn fetches(&self) -> usize {
        self.inside().fetches
    }
}
