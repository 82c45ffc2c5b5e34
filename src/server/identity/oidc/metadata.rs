//! The provider's metadata (OpenID Connect Discovery 1.0).

use super::http_client::{self, HttpClient};
use serde::Deserialize;

/// The provider's metadata document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ProviderMetadata {
    /// The issuer, as in tokens.
    pub issuer: String,
    /// The URL of the keys.
    pub jwks_uri: String,
    /// The URL for signing in.
    pub authorization_endpoint: Option<String>,
    /// The URL to exchange a code for tokens.
    pub token_endpoint: Option<String>,
    /// The URL for more claims.
    pub userinfo_endpoint: Option<String>,
    /// The URL for signing out.
    pub end_session_endpoint: Option<String>,
    /// How clients may send their secret.
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

impl ProviderMetadata {
    /// Fetches the metadata of `issuer`. Errors: a sentence about what is wrong.
    pub async fn fetch(http: &HttpClient, issuer: &str) -> Result<Self, String> {
        let url = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let metadata: Self = http_client::json(http.get(&url))
            .await
            .map_err(|error| format!("{url}: {error}"))?;
        metadata.check(issuer)?;
        Ok(metadata)
    }

    /// Rejects metadata of another issuer and URLs without https.
    fn check(&self, issuer: &str) -> Result<(), String> {
        if self.issuer.trim_end_matches('/') != issuer.trim_end_matches('/') {
            return Err(format!(
                "its issuer is {:?}; set HOLLY_OIDC_ISSUER to that if it is the right provider",
                self.issuer
            ));
        }
        let urls = [
            Some(&self.jwks_uri),
            self.authorization_endpoint.as_ref(),
            self.token_endpoint.as_ref(),
            self.userinfo_endpoint.as_ref(),
            self.end_session_endpoint.as_ref(),
        ];
        let is_secure = |url: &str| {
            url.starts_with("https://")
                || (url.starts_with("http://") && issuer.starts_with("http://"))
        };
        let mut urls = urls.into_iter().flatten();
        if let Some(url) = urls.find(|url| !is_secure(url)) {
            return Err(format!(
                "its metadata has {url:?}, which is no https address"
            ));
        }
        Ok(())
    }

    /// Whether clients send their secret in the form; otherwise in the header, which every provider
    /// must support (RFC 6749, section 2.3.1).
    pub fn secret_in_form(&self) -> bool {
        let methods = self
            .token_endpoint_auth_methods_supported
            .as_deref()
            .unwrap_or_default();
        let supports = |name: &str| methods.iter().any(|method| method == name);
        supports("client_secret_post") && !supports("client_secret_basic")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn metadata_with_plain_http_or_another_issuer_is_rejected() {
        let issuer = "https://id.example.org";
        let metadata = |name: &str, value: &str| -> ProviderMetadata {
            let mut all = json!({ "issuer": issuer, "jwks_uri": "https://id.example.org/keys" });
            all[name] = json!(value);
            serde_json::from_value(all).unwrap()
        };
        for name in [
            "jwks_uri",
            "authorization_endpoint",
            "token_endpoint",
            "userinfo_endpoint",
            "end_session_endpoint",
        ] {
            let insecure = metadata(name, "http://id.example.org/x").check(issuer);
            assert!(
                insecure.is_err_and(|error| error.contains("no https address")),
                "{name}"
            );
            let secure = metadata(name, "https://elsewhere.example/x").check(issuer);
            assert_eq!(secure, Ok(()), "{name}");
        }
        assert_eq!(
            metadata("issuer", &format!("{issuer}/")).check(issuer),
            Ok(())
        );
        assert!(
            metadata("issuer", "https://other.example")
                .check(issuer)
                .is_err()
        );
    }
}
