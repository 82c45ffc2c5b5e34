//! The browser's sign-in: authorization code with PKCE, state and nonce (OpenID Connect Core 1.0, section 3.1; RFC 7636).

use super::{
    attempt::Attempt,
    claims::{Claims, Refused},
    provider::{Known, Provider},
    settings::Client,
    web,
};
use serde::Deserialize;

/// Why somebody who came back is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The provider says so.
    #[error("the ID token {0}")]
    Refused(#[from] Refused),
    /// The provider did not answer, or not as it should.
    #[error("the provider: {0}")]
    Provider(String),
}

/// What a code is exchanged for. The tokens live no longer than the exchange.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<String>,
}

/// Where the browser goes to sign in. Errors: the provider knows no sign-in by browser.
pub fn sign_in_address(
    known: &Known,
    client: &Client,
    attempt: &Attempt,
) -> Result<String, FlowError> {
    let endpoint = known
        .metadata
        .authorization_endpoint
        .as_ref()
        .ok_or_else(|| missing("authorization_endpoint"))?;
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

/// Where the browser goes to sign out at the provider, if it has such a place (OpenID Connect RP-Initiated Logout 1.0). Holly keeps
/// no ID token to show there, so the provider asks the person.
pub fn sign_out_address(known: &Known, client: &Client) -> Option<String> {
    let query = [
        ("client_id", client.id.as_str()),
        ("post_logout_redirect_uri", &client.signed_out_uri),
    ];
    known
        .metadata
        .end_session_endpoint
        .as_ref()
        .map(|endpoint| with_query(endpoint, &query))
}

/// Whether people who signed in with the provider can sign out there too.
pub async fn can_sign_out(provider: Option<&Provider>) -> bool {
    let Some((provider, client)) =
        provider.and_then(|provider| Some((provider, provider.config.client.as_ref()?)))
    else {
        return false;
    };
    provider
        .known()
        .await
        .is_ok_and(|known| sign_out_address(&known, client).is_some())
}

/// Who came back with this code.
pub async fn exchange(
    provider: &Provider,
    client: &Client,
    attempt: &Attempt,
    code: &str,
) -> Result<Claims, FlowError> {
    let known = provider.known().await?;
    let tokens = ask_for_tokens(provider, &known, client, attempt, code).await?;
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
        claims.complete(web::json(asked).await.map_err(FlowError::Provider)?);
    }
    Ok(claims)
}

async fn ask_for_tokens(
    provider: &Provider,
    known: &Known,
    client: &Client,
    attempt: &Attempt,
    code: &str,
) -> Result<Tokens, FlowError> {
    let endpoint = known
        .metadata
        .token_endpoint
        .as_ref()
        .ok_or_else(|| missing("token_endpoint"))?;
    let verifier = attempt.verifier();
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &client.redirect_uri),
        ("code_verifier", &verifier),
    ];
    let secret = client.secret.as_ref().map(|secret| secret.reveal());
    let in_form = known.metadata.secret_in_form();
    match secret {
        Some(secret) if in_form => {
            form.extend([("client_id", client.id.as_str()), ("client_secret", secret)])
        }
        Some(_) => {}
        None => form.push(("client_id", &client.id)),
    }
    let mut request = provider.web.post(endpoint, &form);
    if let Some(secret) = secret.filter(|_| !in_form) {
        request = request.basic_auth(escaped(&client.id), Some(escaped(secret)));
    }
    web::json(request).await.map_err(FlowError::Provider)
}

/// As RFC 6749, section 2.3.1 wants ids and secrets in the header.
fn escaped(text: &str) -> String {
    web::encoded(&[("", text)])[1..].to_owned()
}

fn with_query(endpoint: &str, query: &[(&str, &str)]) -> String {
    let joint = if endpoint.contains('?') { '&' } else { '?' };
    format!("{endpoint}{joint}{}", web::encoded(query))
}

fn missing(name: &str) -> FlowError {
    FlowError::Provider(format!("it names no {name}"))
}
