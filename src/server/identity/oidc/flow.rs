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
use serde::Deserialize;

/// Why somebody who came back is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The provider says so.
    #[error("the ID token {0}")]
    Refused(#[from] TokenError),
    /// The provider did not answer, or not as it should.
    #[error("the provider: {0}")]
    Provider(String),
}

/// What a code is exchanged for. The tokens live no longer than the exchange.
#[derive(Deserialize)]
struct TokenResponse {
    id_token: String,
    access_token: Option<String>,
}

/// Where the browser goes to sign in. Errors: the provider does not answer, or knows no sign-in by
/// browser.
pub async fn sign_in_address(
    provider: &OidcProvider,
    client: &Client,
    attempt: &LoginState,
) -> Result<String, FlowError> {
    let metadata = &provider.known().await?.metadata;
    let endpoint = named(&metadata.authorization_endpoint, "authorization_endpoint")?;
    let query = [
        ("response_type", "code"),
        ("client_id", &client.id),
        ("redirect_uri", &client.redirect_uri),
        ("scope", &client.scopes),
        ("state", &attempt.state()),
        ("nonce", &attempt.nonce()),
        ("code_challenge", &attempt.challenge()),
        ("code_challenge_method", "S256"),
    ];
    Ok(with_query(endpoint, &query))
}

/// Where the browser goes to sign out at the provider, if it has such a place (OpenID Connect
/// RP-Initiated Logout 1.0). Holly keeps no ID token to show there, so the provider asks the
/// person.
pub async fn sign_out_address(provider: Option<&OidcProvider>) -> Option<String> {
    let client = provider?.config.client.as_ref()?;
    let known = provider?.known().await.ok()?;
    let query = [
        ("client_id", client.id.as_str()),
        ("post_logout_redirect_uri", &client.signed_out_uri),
    ];
    let endpoint = known.metadata.end_session_endpoint.as_ref()?;
    Some(with_query(endpoint, &query))
}

/// Who came back with this code.
pub async fn exchange(
    provider: &OidcProvider,
    client: &Client,
    attempt: &LoginState,
    code: &str,
) -> Result<Claims, FlowError> {
    let known = provider.known().await?;
    let tokens = ask_for_tokens(provider, &known.metadata, client, attempt, code).await?;
    let mut claims = provider
        .check_id_token(&tokens.id_token, &client.id, &attempt.nonce())
        .await?;
    let more = known
        .metadata
        .userinfo_endpoint
        .as_ref()
        .zip(tokens.access_token.as_ref());
    if let Some((endpoint, token)) = more.filter(|_| claims.email.is_none()) {
        let asked = provider.web.get(endpoint).bearer_auth(token);
        claims.complete(
            http_client::json(asked)
                .await
                .map_err(FlowError::Provider)?,
        );
    }
    Ok(claims)
}

async fn ask_for_tokens(
    provider: &OidcProvider,
    metadata: &ProviderMetadata,
    client: &Client,
    attempt: &LoginState,
    code: &str,
) -> Result<TokenResponse, FlowError> {
    let endpoint = named(&metadata.token_endpoint, "token_endpoint")?;
    let verifier = attempt.verifier();
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &client.redirect_uri),
        ("code_verifier", &verifier),
    ];
    let credentials = credentials_in_form(client, metadata);
    let in_header = client.secret.as_ref().filter(|_| credentials.is_empty());
    form.extend(credentials);
    let mut request = provider.web.post(endpoint, &form);
    if let Some(secret) = in_header {
        request = request.basic_auth(escaped(&client.id), Some(escaped(secret.reveal())));
    }
    http_client::json(request)
        .await
        .map_err(FlowError::Provider)
}

/// The client's id and secret as form fields; none where they go in the header.
fn credentials_in_form<'c>(
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

/// As RFC 6749, section 2.3.1 wants ids and secrets in the header.
fn escaped(text: &str) -> String {
    http_client::encoded(&[("", text)])[1..].to_owned()
}

fn with_query(endpoint: &str, query: &[(&str, &str)]) -> String {
    let joint = if endpoint.contains('?') { '&' } else { '?' };
    format!("{endpoint}{joint}{}", http_client::encoded(query))
}

fn named<'m>(endpoint: &'m Option<String>, name: &str) -> Result<&'m str, FlowError> {
    let missing = || FlowError::Provider(format!("it names no {name}"));
    endpoint.as_deref().ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_secret_goes_in_the_form_only_to_providers_that_take_it_nowhere_else() {
        let secret = "s".parse().ok();
        let confidential = Client::at("https://holly.example.org", "holly", secret, "openid");
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
            assert_eq!(credentials_in_form(&confidential, &metadata), expected);
            assert_eq!(credentials_in_form(&public, &metadata), [id]);
        }
    }
}
