//! The browser sign-in: sign-in page, provider and callback, over real ports.

use super::{
    PendingLogin, browser_signed_in, count, finish_login, start_login, with_provider, with_settings,
};
use crate::{
    server::identity,
    tests::support::{Answer, TestApp, provider::TestProvider},
};
use reqwest::Url;
use serde_json::json;

/// The error code that the sign-in page gets; no session was begun.
async fn error_code(app: &TestApp, pending: &PendingLogin) -> String {
    let answer = finish_login(app, pending).await;
    let [cleared] = answer.headers("set-cookie")[..] else {
        panic!("{answer:?}")
    };
    assert!(
        cleared.starts_with("holly_sign_in=; ") && cleared.ends_with("; Max-Age=0"),
        "{cleared}"
    );
    answer
        .header("location")
        .strip_prefix("/sign-in?trouble=")
        .expect("trouble")
        .to_owned()
}

#[tokio::test]
async fn signing_in_starts_a_session_and_returns_to_the_requested_page() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let answer = finish_login(&app, &start_login(&app, "/history").await).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/history")
    );
    let cookies = answer.headers("set-cookie");
    let session = cookies
        .iter()
        .find(|cookie| cookie.starts_with("holly_session="))
        .unwrap();
    assert!(session.contains("HttpOnly; SameSite=Lax"), "{session}");
    assert!(
        cookies
            .iter()
            .any(|cookie| cookie.starts_with("holly_sign_in=;") && cookie.contains("Max-Age=0")),
        "{cookies:?}"
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    let ada = browser_signed_in(&app).await;
    assert!(
        ada.gets("/settings")
            .await
            .text()
            .contains("ada@example.org")
    );
    assert_eq!(
        (count(&app, "users").await, count(&app, "sessions").await),
        (1, 2)
    );
}

#[tokio::test]
async fn each_sign_in_uses_fresh_pkce_state_and_nonce() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..2 {
        let redirect = app.anonymous().gets("/sign-in/oidc").await;
        let authorize_url = Url::parse(redirect.header("location")).unwrap();
        let query: std::collections::HashMap<String, String> =
            authorize_url.query_pairs().into_owned().collect();
        assert_eq!(
            (
                query["response_type"].as_str(),
                query["code_challenge_method"].as_str()
            ),
            ("code", "S256")
        );
        assert_eq!(
            (query["scope"].as_str(), query["redirect_uri"].as_str()),
            (
                "openid email",
                format!("{}/sign-in/oidc/callback", app.anonymous().base).as_str()
            )
        );
        for name in ["state", "nonce", "code_challenge"] {
            assert!(
                query[name].len() >= 43 && seen.insert(query[name].clone()),
                "{name}"
            );
        }
        let cookie = redirect.header("set-cookie");
        assert!(
            cookie.ends_with("; HttpOnly; SameSite=Lax; Path=/; Max-Age=900"),
            "{cookie}"
        );
        assert!(
            !query.values().any(|value| cookie.contains(value.as_str())),
            "the redirect URL contains nothing of the cookie"
        );
    }
}

#[tokio::test]
async fn a_callback_with_a_foreign_or_missing_state_is_rejected() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let (own, other) = (start_login(&app, "/").await, start_login(&app, "/").await);
    assert_eq!(
        error_code(
            &app,
            &PendingLogin {
                cookie: own.cookie.clone(),
                callback: other.callback.clone()
            }
        )
        .await,
        "lost"
    );
    assert_eq!(
        error_code(
            &app,
            &PendingLogin {
                cookie: "x=y".into(),
                callback: own.callback.clone()
            }
        )
        .await,
        "lost"
    );
    let without_state = own.callback.split("&state=").next().unwrap().to_owned();
    assert_eq!(
        error_code(
            &app,
            &PendingLogin {
                cookie: own.cookie.clone(),
                callback: without_state
            }
        )
        .await,
        "lost"
    );
    let state = own.callback.split("&state=").nth(1).unwrap();
    let without_code = format!("/sign-in/oidc/callback?state={state}");
    assert_eq!(
        error_code(
            &app,
            &PendingLogin {
                cookie: own.cookie.clone(),
                callback: without_code.clone()
            }
        )
        .await,
        "lost"
    );
    let denied = format!("{without_code}&error=access_denied");
    assert_eq!(
        error_code(
            &app,
            &PendingLogin {
                cookie: own.cookie.clone(),
                callback: denied
            }
        )
        .await,
        "denied"
    );
    assert_eq!(
        (count(&app, "users").await, count(&app, "sessions").await),
        (0, 0)
    );
    assert_eq!(
        finish_login(&app, &own).await.header("location"),
        "/",
        "the code was still unused"
    );
}

#[tokio::test]
async fn an_authorization_code_works_once() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let pending = start_login(&app, "/").await;
    assert_eq!(finish_login(&app, &pending).await.header("location"), "/");
    assert_eq!(error_code(&app, &pending).await, "silent");
    assert_eq!(count(&app, "sessions").await, 1);
}

#[tokio::test]
async fn wrong_nonces_challenges_and_foreign_tokens_are_rejected() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    for (lie, code) in [("nonce", "wrong"), ("challenge", "silent")] {
        provider.inside().wrong_values.insert(lie, "another".into());
        assert_eq!(
            error_code(&app, &start_login(&app, "/").await).await,
            code,
            "{lie}"
        );
    }
    for (name, value) in [
        ("aud", json!("another client")),
        ("aud", json!(["holly at home"])),
        ("iss", json!("https://evil.example")),
        ("exp", json!(7)),
        ("azp", json!("another client")),
        ("sts", json!("pending")),
    ] {
        let original = provider.inside().person.clone();
        provider.inside().person[name] = value.clone();
        let answer = finish_login(&app, &start_login(&app, "/").await).await;
        let accepted = value.is_array();
        assert_eq!(
            answer.header("location"),
            if accepted {
                "/"
            } else {
                "/sign-in?trouble=wrong"
            },
            "{name} {value}"
        );
        provider.inside().person = original;
    }
    assert_eq!(count(&app, "sessions").await, 1);
}

#[tokio::test]
async fn sign_in_never_redirects_to_another_site() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    for next in [
        "https://evil.example",
        "//evil.example",
        "/%5Cevil.example",
        "/%09/evil.example",
        "/%0a/evil.example",
        "/%0a",
        "/..//evil.example",
    ] {
        assert_eq!(
            finish_login(&app, &start_login(&app, next).await)
                .await
                .header("location"),
            "/",
            "{next}"
        );
    }
}

#[tokio::test]
async fn the_sign_in_page_links_to_the_provider_by_name() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    app.person("bob@example.org").await;
    let page = app
        .anonymous()
        .gets("/sign-in?next=/c/1&trouble=denied")
        .await;
    let html = page.text();
    assert!(
        html.contains("href=\"/sign-in/oidc?next=/c/1\"")
            && html.contains("Sign in with Lighthouse"),
        "{html}"
    );
    assert!(
        html.contains("Lighthouse did not sign you in.") && html.contains("name=\"password\""),
        "{html}"
    );
    assert!(
        page.header("content-security-policy")
            .contains("form-action 'self';")
    );
    let nonsense = app
        .anonymous()
        .gets("/sign-in?trouble=%3Cscript%3E")
        .await
        .text();
    assert!(
        nonsense.contains("could not be taken") && !nonsense.contains("&lt;script"),
        "{nonsense}"
    );
    let without_provider = TestApp::start().await;
    without_provider.person("bob@example.org").await;
    assert!(
        !without_provider
            .anonymous()
            .gets("/sign-in")
            .await
            .text()
            .contains("/sign-in/oidc")
    );
    assert_eq!(
        without_provider
            .anonymous()
            .gets("/sign-in/oidc")
            .await
            .header("location"),
        "/sign-in?trouble=off"
    );
}

#[tokio::test]
async fn sign_out_ends_the_session_and_offers_provider_sign_out() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let ada = browser_signed_in(&app).await;
    let answer = ada.submits("/fn/account/sign-out", "/settings", &[]).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (302, "/sign-in?signed-out=here")
    );
    assert_eq!(ada.gets("/api/work-log/list").await.status, 401);
    let page = app
        .anonymous()
        .gets("/sign-in?signed-out=here")
        .await
        .text();
    assert!(page.contains("href=\"/sign-in/oidc/out\""), "{page}");
    let provider_sign_out = app.anonymous().gets("/sign-in/oidc/out").await;
    let return_url = format!("{}/sign-in", app.anonymous().base)
        .replace(':', "%3A")
        .replace('/', "%2F");
    let expected = format!(
        "{}/end?from=holly&client_id=holly+at+home&post_logout_redirect_uri={return_url}",
        provider.issuer
    );
    assert_eq!(provider_sign_out.header("location"), expected);
    let bob = app.browser("bob@example.org").await;
    assert_eq!(
        bob.submits("/fn/account/sign-out", "/settings", &[])
            .await
            .header("location"),
        "/sign-in",
        "he signed in with a password"
    );
}

#[tokio::test]
async fn no_route_accepts_a_password_when_local_accounts_are_off() {
    const PASSWORD: &str = "correct horse";
    let provider = TestProvider::start().await;
    let app = with_settings(&provider, |config| config.oidc.local_accounts = false).await;
    let anonymous = app.anonymous();
    for page in ["/", "/welcome"] {
        assert_eq!(
            anonymous.gets(page).await.header("location"),
            "/sign-in",
            "{page}"
        );
    }
    let page = anonymous.gets("/sign-in").await.text();
    assert!(
        page.contains("Sign in with Lighthouse") && !page.contains("type=\"password\""),
        "{page}"
    );
    let form = [("email", "ada@example.org"), ("password", PASSWORD)];
    identity::add_account(
        &app.app.store,
        app.app.clock.now(),
        "ada@example.org",
        PASSWORD,
        true,
    )
    .await
    .unwrap();
    for (route, page) in [
        ("/fn/account/sign-in", "/sign-in"),
        ("/fn/account/welcome", "/welcome"),
    ] {
        let answer = anonymous.submits(route, page, &form).await;
        assert!(!answer.sets_session(), "{route}");
        let request = anonymous
            .request(reqwest::Method::POST, route)
            .header("content-type", "application/x-www-form-urlencoded");
        let answer =
            Answer::to(request.body("email=ada%40example.org&password=correct+horse")).await;
        assert!(
            answer.status == 422 && answer.text().contains("are disabled"),
            "{route}: {}",
            answer.text()
        );
    }
    assert_eq!(count(&app, "sessions").await, 0);
    let ada = browser_signed_in(&app).await;
    assert!(
        ada.gets("/settings")
            .await
            .text()
            .contains("Your address, as shown above")
    );
    let people = ada.gets("/settings/people").await.text();
    assert!(
        people.contains("signing in with the provider") && !people.contains("Make a link"),
        "{people}"
    );
    ada.submits(
        "/fn/people/invite",
        "/settings/people",
        &[("email", "bob@example.org")],
    )
    .await;
    assert_eq!(
        count(&app, "invitations").await,
        0,
        "an invitation could not be accepted"
    );
}
