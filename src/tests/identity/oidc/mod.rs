//! Other people's sign-in, against a provider of our own with real signatures: tokens, keys, the
//! browser's flow, whose account it is, and that nothing of it is kept or told.

mod browser;
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

/// A server that takes the provider's tokens and its people, with changes to its rules.
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

/// Somebody who shows a token.
fn showing(app: &TestApp, token: &str) -> Person {
    Person {
        credential: Some(("authorization", format!("Bearer {token}"))),
        ..app.nobody()
    }
}

/// What the list answers to a token.
async fn asked_with(app: &TestApp, token: &str) -> Answer {
    showing(app, token).gets("/api/work-log/list").await
}

/// A browser that has gone to the provider and was sent back, but has not come back yet.
struct Returning {
    /// The cookie of the attempt.
    cookie: String,
    /// Path and query of the address to which the provider leads.
    back: String,
}

async fn leaves(app: &TestApp, next: &str) -> Returning {
    let out = app
        .nobody()
        .gets(&format!("/sign-in/oidc?next={next}"))
        .await;
    assert_eq!(out.status, 303, "{}", out.text());
    let cookie = out
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let there = Answer::to(app.nobody().client.get(out.header("location"))).await;
    assert_eq!(there.status, 303, "{}", out.header("location"));
    let back = there
        .header("location")
        .trim_start_matches(&app.nobody().base)
        .to_owned();
    assert!(back.starts_with("/sign-in/oidc/callback?code="), "{back}");
    Returning { cookie, back }
}

async fn comes_back(app: &TestApp, returning: &Returning) -> Answer {
    let request = app
        .nobody()
        .request(Method::GET, &returning.back)
        .header("cookie", &returning.cookie);
    // as a browser says that it comes from another site
    Answer::to(request.header("sec-fetch-site", "cross-site")).await
}

/// Somebody who has signed in with the provider.
async fn signs_in(app: &TestApp) -> Person {
    let answer = comes_back(app, &leaves(app, "/").await).await;
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
        ..app.nobody()
    }
}

/// How many rows a table has.
async fn count(app: &TestApp, table: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
    sqlx::query_scalar(sql)
        .fetch_one(&mut *app.app.store.read().await.unwrap())
        .await
        .unwrap()
}
