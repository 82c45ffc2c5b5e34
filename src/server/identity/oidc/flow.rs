//! The browser's sign-in: authorization code with PKCE, state and nonce (OpenID Connect Core 1.0,
//! section 3.1; RFC 7636).

use super::{
    claims::{Claims, TokenError},
    http_client,
    login_state::LoginState,
    metadata::ProviderMetadata,
    provider::OidcProvider,
    settings::Client,
};
use crate::server::identity::RECENT_MS;
use serde::Deserialize;

/// Why a sign-in failed after the browser came back.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The ID token is rejected.
    #[error("the ID token {0}")]
    Refused(#[from] TokenError),
    /// The provider is unreachable or its answer is invalid.
    #[error("the provider: {0}")]
    Provider(String),
}

/// The response of the token endpoint. The tokens are dropped after the exchange.
#[derive(Deserialize)]
struct TokenResponse {
    id_token: String,
    access_token: Option<String>,
}

/// The URL that starts the sign-in at the provider. Errors: the provider is unreachable or has no
/// authorization endpoint.
pub async fn authorization_url(
    provider: &OidcProvider,
    client: &Client,
    login: &LoginState,
) -> Result<String, FlowError> {
    let metadata = &provider.discovery().await?.metadata;
    let endpoint = required(&metadata.authorization_endpoint, "authorization_endpoint")?;
    let (state, nonce, challenge) = (login.state(), login.nonce(), login.challenge());
    let max_age = (RECENT_MS / 1_000).to_string();
    let mut query = vec![
        ("response_type", "code"),
        ("client_id", client.id.as_str()),
        ("redirect_uri", client.redirect_uri.as_str()),
        ("scope", &client.scopes),
        ("state", &state),
        ("nonce", &nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    if login.confirms {
        query.push(("max_age", &max_age));
    }
    Ok(with_query(endpoint, &query))
}

/// The URL that signs out at the provider, if it has one (OpenID Connect RP-Initiated Logout 1.0).
/// Holly does not keep the ID token, so the provider asks the user for confirmation.
pub async fn end_session_url(provider: Option<&OidcProvider>) -> Option<String> {
    let client = provider?.config.client.as_ref()?;
    let discovery = provider?.discovery().await.ok()?;
    let query = [
        ("client_id", client.id.as_str()),
        ("post_logout_redirect_uri", &client.signed_out_uri),
    ];
    let endpoint = discovery.metadata.end_session_endpoint.as_ref()?;
    Some(with_query(endpoint, &query))
}

/// Exchanges an authorization code for the user's claims.
pub async fn exchange(
    provider: &OidcProvider,
    client: &Client,
    login: &LoginState,
    code: &str,
) -> Result<Claims, FlowError> {
    let discovery = provider.discovery().await?;
    let tokens = request_tokens(provider, &discovery.metadata, client, login, code).await?;
    let mut claims = provider
        .check_id_token(&tokens.id_token, &client.id, &login.nonce())
        .await?;
    let userinfo = discovery
        .metadata
        .userinfo_endpoint
        .as_ref()
        .zip(tokens.access_token.as_ref());
    if let Some((endpoint, token)) = userinfo.filter(|_| claims.email.is_none()) {
        let request = provider.http.get(endpoint).bearer_auth(token);
        claims.add_userinfo(
            http_client::json(request)
                .await
                .map_err(FlowError::Provider)?,
        );
    }
    Ok(claims)
}

async fn request_tokens(
    provider: &OidcProvider,
    metadata: &ProviderMetadata,
    client: &Client,
    login: &LoginState,
    code: &str,
) -> Result<TokenResponse, FlowError> {
    let endpoint = required(&metadata.token_endpoint, "token_endpoint")?;
    let verifier = login.verifier();
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &client.redirect_uri),
        ("code_verifier", &verifier),
    ];
    let credentials = form_credentials(client, metadata);
    let header_secret = client.secret.as_ref().filter(|_| credentials.is_empty());
    form.extend(credentials);
    let mut request = provider.http.post(endpoint, &form);
    if let Some(secret) = header_secret {
        let id = form_encoded(&client.id);
        request = request.basic_auth(id, Some(form_encoded(secret.reveal())));
    }
    http_client::json(request)
        .await
        .map_err(FlowError::Provider)
}

/// The client's id and secret as form fields; empty if they go in the header.
fn form_credentials<'c>(
    client: &'c Client,
    metadata: &ProviderMetadata,
) -> Vec<(&'static str, &'c str)> {
    let id = ("client_id", client.id.as_str());
    match &client.secret {
        Some(secret) if metadata.secret_in_form() => {
            vec![id, ("client_secret", secret.reveal())]
        }
        Some(_) => Vec::new(),
        None => vec![id],
    }
}

/// Encodes an id or secret for the header (RFC 6749, section 2.3.1).
fn form_encoded(text: &str) -> String {
    http_client::encoded(&[("", text)])[1..].to_owned()
}

fn with_query(endpoint: &str, query: &[(&str, &str)]) -> String {
    let separator = if endpoint.contains('?') { '&' } else { '?' };
    format!("{endpoint}{separator}{}", http_client::encoded(query))
}

fn required<'m>(endpoint: &'m Option<String>, name: &str) -> Result<&'m str, FlowError> {
    let missing = || FlowError::Provider(format!("its metadata has no {name}"));
    endpoint.as_deref().ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_secret_is_in_the_form_only_if_the_provider_supports_nothing_else() {
        let secret = "s".parse().ok();
        let confidential = Client::new("https://holly.example.org", "holly", secret, "openid");
        let public = Client {
            secret: None,
            ..confidential.clone()
        };
        let (id, secret) = (("client_id", "holly"), ("client_secret", "s"));
        for (methods, expected) in [
            (json!(null), vec![]),
            (json!(["client_secret_basic", "client_secret_post"]), vec![]),
            (json!(["client_secret_post"]), vec![id, secret]),
        ] {
            let metadata = json!({
                "issuer": "https://id.example.org",
                "jwks_uri": "https://id.example.org/keys",
                "token_endpoint_auth_methods_supported": methods,
            });
            let metadata: ProviderMetadata = serde_json::from_value(metadata).unwrap();
            assert_eq!(form_credentials(&confidential, &metadata), expected);
            assert_eq!(form_credentials(&public, &metadata), [id]);
        }
    }
}
