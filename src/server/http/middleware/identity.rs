//! Checks the cookie, key or token of a request once, and adds the caller's identity to the
//! request.

pub mod presented;

use crate::server::{
    http::{
        extract::{Credential, Identity, TokenRefused, TokenSubject},
        problem::Problem,
    },
    identity::oidc::{
        TokenError,
        accounts::{self, SignInChannel, TokenAccountError},
    },
    state::App,
};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use presented::PresentedCredential;

/// Adds the caller's [`Identity`], or why their token was refused, to the request.
pub async fn layer(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let identified = match PresentedCredential::read(request.headers(), &app) {
        Some(PresentedCredential::Credential(credential)) => credential
            .identity(&app)
            .await
            .map_err(TokenAccountError::from),
        Some(PresentedCredential::Token(token)) => by_token(&app, &token).await.map(Some),
        None => Ok(None),
    };
    match identified {
        Ok(Some(identity)) => drop(request.extensions_mut().insert(identity)),
        Ok(None) => {}
        Err(TokenAccountError::Refused(why)) => {
            _ = request.extensions_mut().insert(TokenRefused(why));
        }
        Err(TokenAccountError::Store(error)) => return Problem::from(error).into_response(),
    }
    next.run(request).await
}

/// The identity of a token's subject; their account is created at the first request.
async fn by_token(app: &App, token: &str) -> Result<Identity, TokenAccountError> {
    let provider = app.provider.as_ref().ok_or(TokenError::Issuer)?;
    let claims = provider.check_token(token).await?;
    let account = accounts::account_for_claims(
        &app.store,
        app.clock.now(),
        &provider.config,
        &claims,
        SignInChannel::Api,
    )
    .await?;
    let subject = TokenSubject {
        issuer: claims.issuer,
        subject: claims.subject,
        issued_at: claims.issued_at,
    };
    Ok(Identity::new(account, Credential::Token(subject)))
}
