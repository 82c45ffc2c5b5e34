//! A provider's description of itself (OpenID Connect Discovery 1.0).

use super::http_client::{self, HttpClient};
use serde::Deserialize;

/// Where the provider does what.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ProviderMetadata {
    /// Its name in tokens.
    pub issuer: String,
    /// Its keys.
    pub jwks_uri: String,
    /// Where people sign in.
    pub authorization_endpoint: Option<String>,
    /// Where a code is exchanged for a token.
    pub token_endpoint: Option<String>,
    /// Where more is told of a person.
    pub userinfo_endpoint: Option<String>,
    /// Where people sign out.
    pub end_session_endpoint: Option<String>,
    /// How clients show their secret.
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

impl ProviderMetadata {
    /// Asks the provider at `issuer`. Errors: a sentence on what is wrong.
    pub async fn ask(web: &HttpClient, issuer: &str) -> Result<Self, String> {
        let address = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let found: Self = http_client::json(web.get(&address))
            .await
            .map_err(|why| format!("{address}: {why}"))?;
        found.check(issuer)?;
        Ok(found)
    }

    /// A description of another provider, or one that leaves https, is not followed.
    fn check(&self, issuer: &str) -> Result<(), String> {
        if self.issuer.trim_end_matches('/') != issuer.trim_end_matches('/') {
            return Err(format!(
                "it calls itself {:?}; set HOLLY_OIDC_ISSUER to that if it is the one you mean",
                self.issuer
            ));
        }
        let addresses = [
            Some(&self.jwks_uri),
            self.authorization_endpoint.as_ref(),
            self.token_endpoint.as_ref(),
            self.userinfo_endpoint.as_ref(),
            self.end_session_endpoint.as_ref(),
        ];
        let fits = |address: &str| {
            address.starts_with("https://")
                || (address.starts_with("http://") && issuer.starts_with("http://"))
        };
        let mut addresses = addresses.into_iter().flatten();
        if let Some(odd) = addresses.find(|address| !fits(address)) {
            return Err(format!("it names {odd:?}, which is no https address"));
        }
        Ok(())
    }

    /// Whether clients show their secret in the form; the header is what every provider must take
    /// (RFC 6749, section 2.3.1).
    pub fn secret_in_form(&self) -> bool {
        let methods = self
            .token_endpoint_auth_methods_supported
            .as_deref()
            .unwrap_or_default();
        let has = |name: &str| methods.iter().any(|method| method == name);
        has("client_secret_post") && !has("client_secret_basic")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_address_leaves_https_and_no_other_provider_is_followed() {
        let issuer = "https://id.example.org";
        let described = |name: &str, value: &str| -> ProviderMetadata {
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
            let plain = described(name, "http://id.example.org/x").check(issuer);
            assert!(
                plain.is_err_and(|why| why.contains("no https address")),
                "{name}"
            );
            let fine = described(name, "https://elsewhere.example/x").check(issuer);
            assert_eq!(fine, Ok(()), "{name}");
        }
        assert_eq!(
            described("issuer", &format!("{issuer}/")).check(issuer),
            Ok(())
        );
        assert!(
            described("issuer", "https://other.example")
                .check(issuer)
                .is_err()
        );
    }
}
