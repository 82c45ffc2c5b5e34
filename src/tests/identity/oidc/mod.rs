//! OpenID Connect against a test provider with real signatures: tokens, signing keys, the browser
//! flow, account linking, and that no secret is stored or returned.

mod browser;
mod confirmation;
mod keys;
mod people;
mod secrets;
mod settings;
mod streams;
mod tokens;

use crate::{
    server::{identity::oidc::settings::ProviderConfig, state::config::Config},
    tests::support::{Answer, Person, TestApp, provider::TestProvider},
};
use reqwest::Method;

/// A server that accepts the provider's tokens and sign-ins, with `change` applied to its provider
/// configuration.
async fn with_provider(
    provider: &TestProvider,
    change: impl FnOnce(&mut ProviderConfig),
) -> TestApp {
    with_settings(provider, |config| {
        change(config.oidc.provider.as_mut().unwrap())
    })
    .await
}

async fn with_settings(provider: &TestProvider, change: impl FnOnce(&mut Config)) -> TestApp {
    let settings = |config: &mut Config| {
        config.oidc.provider = Some(provider.config(Some(config.addr)));
        change(config);
    };
    TestApp::with(settings, |_| {}).await
}

/// A client with this bearer token.
fn with_token(app: &TestApp, token: &str) -> Person {
    Person {
        credential: Some(("authorization", format!("Bearer {token}"))),
        ..app.anonymous()
    }
}

/// Requests the work-log list with this bearer token.
async fn list_with_token(app: &TestApp, token: &str) -> Answer {
    with_token(app, token).gets("/api/work-log/list").await
}

/// A browser sign-in that the provider has redirected back, before the callback request.
struct PendingLogin {
    /// The cookie that holds the login state.
    cookie: String,
    /// Path and query of the callback address.
    callback: String,
}

async fn start_login(app: &TestApp, next: &str) -> PendingLogin {
    let redirect = app
        .anonymous()
        .gets(&format!("/sign-in/oidc?next={next}"))
        .await;
    assert_eq!(redirect.status, 303, "{}", redirect.text());
    let cookie = redirect
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let provider_answer = Answer::to(app.anonymous().client.get(redirect.header("location"))).await;
    assert_eq!(
        provider_answer.status,
        303,
        "{}",
        redirect.header("location")
    );
    let callback = provider_answer
        .header("location")
        .trim_start_matches(&app.anonymous().base)
        .to_owned();
    assert!(
        callback.starts_with("/sign-in/oidc/callback?code="),
        "{callback}"
    );
    PendingLogin { cookie, callback }
}

async fn finish_login(app: &TestApp, pending: &PendingLogin) -> Answer {
    let request = app
        .anonymous()
        .request(Method::GET, &pending.callback)
        .header("cookie", &pending.cookie);
    // what a browser sends on a navigation from another site
    Answer::to(request.header("sec-fetch-site", "cross-site")).await
}

/// A browser that has signed in with the provider.
async fn browser_signed_in(app: &TestApp) -> Person {
    let answer = finish_login(app, &start_login(app, "/").await).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/"),
        "{answer:?}"
    );
    let session = answer
        .headers("set-cookie")
        .into_iter()
        .find(|cookie| cookie.starts_with("holly_session="))
        .unwrap();
    Person {
        credential: Some(("cookie", session.split(';').next().unwrap().to_owned())),
        ..app.anonymous()
    }
}

/// The number of rows in a table.
async fn count(app: &TestApp, table: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
    sqlx::query_scalar(sql)
        .fetch_one(&mut *app.app.store.read().await.unwrap())
        .await
        .unwrap()
}
