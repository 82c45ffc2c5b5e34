//! The provider's keys: asked for when needed, kept for an hour, renewed when they change, and
//! never a lever for a flood.

use super::{asked_with, with_provider};
use crate::tests::support::provider::{SigningKey, TestProvider};
use serde_json::json;

const MINUTE: i64 = 60_000;

#[tokio::test]
async fn keys_that_change_are_followed() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let claims = json!({ "exp": 9_999_999_999_i64 });
    let old = provider.token("ada|1", claims.clone());
    assert_eq!(asked_with(&app, &old).await.status, 200);
    provider.rotates(SigningKey::ec("second"));
    let new = provider.token("ada|1", claims.clone());
    assert_eq!(
        asked_with(&app, &new).await.status,
        401,
        "asked a moment ago"
    );
    app.app.clock.advance(MINUTE);
    assert_eq!(
        (asked_with(&app, &new).await.status, provider.fetches()),
        (200, 2)
    );
    assert_eq!(
        asked_with(&app, &old).await.status,
        401,
        "a key that was withdrawn is gone"
    );
    app.app.clock.advance(59 * MINUTE);
    assert_eq!(
        (asked_with(&app, &new).await.status, provider.fetches()),
        (200, 2)
    );
    app.app.clock.advance(MINUTE);
    assert_eq!(
        (asked_with(&app, &new).await.status, provider.fetches()),
        (200, 3),
        "an hour old"
    );
}

#[tokio::test]
async fn a_flood_of_unknown_keys_is_no_flood_outwards() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    assert_eq!(
        asked_with(&app, &provider.token("ada|1", json!({})))
            .await
            .status,
        200
    );
    let claims = provider.claims("ada|1");
    for minute in 0..3 {
        let tokens: Vec<String> = (0..40)
            .map(|n| SigningKey::ec(&format!("{minute}-{n}")).signs(&claims))
            .collect();
        let asked = tokens.iter().map(|token| asked_with(&app, token));
        assert!(
            futures::future::join_all(asked)
                .await
                .iter()
                .all(|answer| answer.status == 401)
        );
        assert_eq!(provider.fetches(), 1 + minute);
        app.app.clock.advance(MINUTE);
    }
}

#[tokio::test]
async fn what_is_known_goes_on_while_the_provider_is_down() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let token = provider.token("ada|1", json!({ "exp": 9_999_999_999_i64 }));
    assert_eq!(asked_with(&app, &token).await.status, 200);
    provider.inside().down = true;
    app.app.clock.advance(600 * MINUTE);
    assert_eq!(asked_with(&app, &token).await.status, 200);
    let unknown = SigningKey::ec("second").signs(&provider.claims("ada|1"));
    assert_eq!(asked_with(&app, &unknown).await.status, 401);
    provider.inside().down = false;
    app.app.clock.advance(MINUTE);
    assert_eq!(
        (asked_with(&app, &token).await.status, provider.fetches()),
        (200, 2)
    );
}

#[tokio::test]
async fn a_provider_that_is_down_at_the_beginning_keeps_nobody_else_out() {
    let provider = TestProvider::start().await;
    provider.inside().down = true;
    let app = with_provider(&provider, |_| {}).await;
    assert_eq!(app.nobody().gets("/healthz").await.status, 200);
    assert_eq!(
        app.person("bob@example.org")
            .await
            .gets("/api/work-log/list")
            .await
            .status,
        200
    );
    let token = provider.token("ada|1", json!({}));
    let answer = asked_with(&app, &token).await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (503, "60"),
        "{}",
        answer.text()
    );
    let page = app.nobody().gets("/sign-in/oidc").await;
    assert_eq!(
        (page.status, page.header("location")),
        (303, "/sign-in?trouble=silent")
    );
    provider.inside().down = false;
    app.app.clock.advance(5_000);
    assert_eq!(asked_with(&app, &token).await.status, 200);
}
