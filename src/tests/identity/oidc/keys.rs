//! The provider's signing keys: fetched on demand, cached for an hour, refreshed when they change,
//! at most once a minute.

use super::{list_with_token, with_provider};
use crate::tests::support::provider::{SigningKey, TestProvider};
use serde_json::json;

const MINUTE_MS: i64 = 60_000;

#[tokio::test]
async fn rotated_signing_keys_are_picked_up() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let claims = json!({ "exp": 9_999_999_999_i64 });
    let old = provider.token("ada|1", claims.clone());
    assert_eq!(list_with_token(&app, &old).await.status, 200);
    provider.rotates(SigningKey::ec("second"));
    let new = provider.token("ada|1", claims.clone());
    assert_eq!(
        list_with_token(&app, &new).await.status,
        401,
        "keys were fetched less than a minute ago"
    );
    app.app.clock.advance(MINUTE_MS);
    assert_eq!(
        (list_with_token(&app, &new).await.status, provider.fetches()),
        (200, 2)
    );
    assert_eq!(
        list_with_token(&app, &old).await.status,
        401,
        "a withdrawn key is rejected"
    );
    app.app.clock.advance(59 * MINUTE_MS);
    assert_eq!(
        (list_with_token(&app, &new).await.status, provider.fetches()),
        (200, 2)
    );
    app.app.clock.advance(MINUTE_MS);
    assert_eq!(
        (list_with_token(&app, &new).await.status, provider.fetches()),
        (200, 3),
        "the cached keys are an hour old"
    );
}

#[tokio::test]
async fn unknown_keys_cause_at_most_one_fetch_a_minute() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    assert_eq!(
        list_with_token(&app, &provider.token("ada|1", json!({})))
            .await
            .status,
        200
    );
    let claims = provider.claims("ada|1");
    for minute in 0..3 {
        let tokens: Vec<String> = (0..40)
            .map(|n| SigningKey::ec(&format!("{minute}-{n}")).signs(&claims))
            .collect();
        let requests = tokens.iter().map(|token| list_with_token(&app, token));
        assert!(
            futures::future::join_all(requests)
                .await
                .iter()
                .all(|answer| answer.status == 401)
        );
        assert_eq!(provider.fetches(), 1 + minute);
        app.app.clock.advance(MINUTE_MS);
    }
}

#[tokio::test]
async fn cached_keys_keep_working_while_the_provider_is_down() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let token = provider.token("ada|1", json!({ "exp": 9_999_999_999_i64 }));
    assert_eq!(list_with_token(&app, &token).await.status, 200);
    provider.inside().down = true;
    app.app.clock.advance(600 * MINUTE_MS);
    assert_eq!(list_with_token(&app, &token).await.status, 200);
    let unknown = SigningKey::ec("second").signs(&provider.claims("ada|1"));
    assert_eq!(list_with_token(&app, &unknown).await.status, 401);
    provider.inside().down = false;
    app.app.clock.advance(MINUTE_MS);
    assert_eq!(
        (
            list_with_token(&app, &token).await.status,
            provider.fetches()
        ),
        (200, 2)
    );
}

#[tokio::test]
async fn a_provider_outage_at_startup_does_not_affect_other_users() {
    let provider = TestProvider::start().await;
    provider.inside().down = true;
    let app = with_provider(&provider, |_| {}).await;
    assert_eq!(app.anonymous().gets("/healthz").await.status, 200);
    assert_eq!(
        app.person("bob@example.org")
            .await
            .gets("/api/work-log/list")
            .await
            .status,
        200
    );
    let token = provider.token("ada|1", json!({}));
    let answer = list_with_token(&app, &token).await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (503, "60"),
        "{}",
        answer.text()
    );
    let page = app.anonymous().gets("/sign-in/oidc").await;
    assert_eq!(
        (page.status, page.header("location")),
        (303, "/sign-in?trouble=silent")
    );
    provider.inside().down = false;
    app.app.clock.advance(5_000);
    assert_eq!(list_with_token(&app, &token).await.status, 200);
}
