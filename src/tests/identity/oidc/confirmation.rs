//! Confirming with the provider that it is still the same user.

use super::{browser_signed_in, count, start_login, with_provider};
use crate::{
    server::identity::RECENT_MS,
    tests::support::{Answer, provider::TestProvider},
};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn the_provider_must_tell_of_a_recent_sign_in() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let ada = browser_signed_in(&app).await;
    let redirect = app.anonymous().gets("/sign-in/oidc?confirm=1").await;
    assert!(redirect.header("location").contains("&max_age=600"));
    let redirect = app.anonymous().gets("/sign-in/oidc").await;
    assert!(!redirect.header("location").contains("max_age"));
    let sessions = count(&app, "sessions").await;
    let now = app.app.clock.now().millis() / 1_000;
    let longest = RECENT_MS / 1_000;
    for (auth_time, is_taken) in [
        (json!(null), false),
        (json!("now"), false),
        (json!(now - longest - 90), false),
        (json!(now + 90), false),
        (json!(now - longest + 5), true),
        (json!(now), true),
    ] {
        provider.inside().person["auth_time"] = auth_time.clone();
        let pending = start_login(&app, "/settings&confirm=1").await;
        let session = &ada.credential.as_ref().unwrap().1;
        let request = app
            .anonymous()
            .request(Method::GET, &pending.callback)
            .header("cookie", format!("{}; {session}", pending.cookie));
        let answer = Answer::to(request.header("sec-fetch-site", "cross-site")).await;
        let page = if is_taken {
            "/settings"
        } else {
            "/confirm?next=/settings&trouble=not-recent"
        };
        assert_eq!(answer.header("location"), page, "{auth_time}");
    }
    assert_eq!(
        count(&app, "sessions").await,
        sessions,
        "it is the session there was"
    );
}
