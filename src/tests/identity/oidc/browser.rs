//! Signing in by browser, from the page to the provider and back, over real ports.

use super::{Returning, comes_back, count, leaves, signs_in, with_provider, with_settings};
use crate::{
    server::identity,
    tests::support::{Answer, TestApp, provider::TestProvider},
};
use reqwest::Url;
use serde_json::json;

/// The word with which the sign-in page is told what went wrong; nobody was signed in.
async fn trouble(app: &TestApp, returning: &Returning) -> String {
    let answer = comes_back(app, returning).await;
    let [forgotten] = answer.headers("set-cookie")[..] else {
        panic!("{answer:?}")
    };
    assert!(
        forgotten.starts_with("holly_sign_in=; ") && forgotten.ends_with("; Max-Age=0"),
        "{forgotten}"
    );
    answer
        .header("location")
        .strip_prefix("/sign-in?trouble=")
        .expect("trouble")
        .to_owned()
}

#[tokio::test]
async fn signing_in_begins_a_session_and_leads_to_where_one_wanted() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let answer = comes_back(&app, &leaves(&app, "/history").await).await;
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
    let ada = signs_in(&app).await;
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
async fn the_provider_is_asked_with_code_pkce_state_and_nonce_each_of_its_own() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..2 {
        let out = app.nobody().gets("/sign-in/oidc").await;
        let address = Url::parse(out.header("location")).unwrap();
        let query: std::collections::HashMap<String, String> =
            address.query_pairs().into_owned().collect();
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
                format!("{}/sign-in/oidc/callback", app.nobody().base).as_str()
            )
        );
        for name in ["state", "nonce", "code_challenge"] {
            assert!(
                query[name].len() >= 43 && seen.insert(query[name].clone()),
                "{name}"
            );
        }
        let cookie = out.header("set-cookie");
        assert!(
            cookie.ends_with("; HttpOnly; SameSite=Lax; Path=/; Max-Age=900"),
            "{cookie}"
        );
        assert!(
            !query.values().any(|value| cookie.contains(value.as_str())),
            "the address gives nothing of the cookie away"
        );
    }
}

#[tokio::test]
async fn a_state_that_this_browser_did_not_leave_with_signs_nobody_in() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let (mine, other) = (leaves(&app, "/").await, leaves(&app, "/").await);
    assert_eq!(
        trouble(
            &app,
            &Returning {
                cookie: mine.cookie.clone(),
                back: other.back.clone()
            }
        )
        .await,
        "lost"
    );
    assert_eq!(
        trouble(
            &app,
            &Returning {
                cookie: "x=y".into(),
                back: mine.back.clone()
            }
        )
        .await,
        "lost"
    );
    let stateless = mine.back.split("&state=").next().unwrap().to_owned();
    assert_eq!(
        trouble(
            &app,
            &Returning {
                cookie: mine.cookie.clone(),
                back: stateless
            }
        )
        .await,
        "lost"
    );
    let state = mine.back.split("&state=").nth(1).unwrap();
    let codeless = format!("/sign-in/oidc/callback?state={state}");
    assert_eq!(
        trouble(
            &app,
            &Returning {
                cookie: mine.cookie.clone(),
                back: codeless.clone()
            }
        )
        .await,
        "lost"
    );
    let denied = format!("{codeless}&error=access_denied");
    assert_eq!(
        trouble(
            &app,
            &Returning {
                cookie: mine.cookie.clone(),
                back: denied
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
        comes_back(&app, &mine).await.header("location"),
        "/",
        "the provider had given the code to nobody else"
    );
}

#[tokio::test]
async fn a_code_signs_in_once() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let returning = leaves(&app, "/").await;
    assert_eq!(comes_back(&app, &returning).await.header("location"), "/");
    assert_eq!(trouble(&app, &returning).await, "silent");
    assert_eq!(count(&app, "sessions").await, 1);
}

#[tokio::test]
async fn a_wrong_nonce_a_foreign_challenge_and_a_token_for_somebody_else_sign_nobody_in() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    for (lie, word) in [("nonce", "wrong"), ("challenge", "silent")] {
        provider.inside().lies.insert(lie, "another".into());
        assert_eq!(trouble(&app, &leaves(&app, "/").await).await, word, "{lie}");
    }
    for (name, value) in [
        ("aud", json!("another client")),
        ("aud", json!(["holly at home"])),
        ("iss", json!("https://evil.example")),
        ("exp", json!(7)),
        ("azp", json!("another client")),
        ("sts", json!("pending")),
    ] {
        let honest = provider.inside().person.clone();
        provider.inside().person[name] = value.clone();
        let answer = comes_back(&app, &leaves(&app, "/").await).await;
        let good = value.is_array();
        assert_eq!(
            answer.header("location"),
            if good { "/" } else { "/sign-in?trouble=wrong" },
            "{name} {value}"
        );
        provider.inside().person = honest;
    }
    assert_eq!(count(&app, "sessions").await, 1);
}

#[tokio::test]
async fn one_never_lands_on_another_site() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    for next in ["https://evil.example", "//evil.example", "/%5Cevil.example"] {
        assert_eq!(
            comes_back(&app, &leaves(&app, next).await)
                .await
                .header("location"),
            "/",
            "{next}"
        );
    }
}

#[tokio::test]
async fn the_page_shows_one_link_with_the_provider_s_name_and_its_policy_keeps_forms_at_home() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    app.person("bob@example.org").await;
    let page = app.nobody().gets("/sign-in?next=/c/1&trouble=denied").await;
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
        .nobody()
        .gets("/sign-in?trouble=%3Cscript%3E")
        .await
        .text();
    assert!(
        nonsense.contains("could not be taken") && !nonsense.contains("&lt;script"),
        "{nonsense}"
    );
    let plain = TestApp::start().await;
    plain.person("bob@example.org").await;
    assert!(
        !plain
            .nobody()
            .gets("/sign-in")
            .await
            .text()
            .contains("/sign-in/oidc")
    );
    assert_eq!(
        plain
            .nobody()
            .gets("/sign-in/oidc")
            .await
            .header("location"),
        "/sign-in?trouble=off"
    );
}

#[tokio::test]
async fn signing_out_ends_the_session_and_offers_to_sign_out_there() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let ada = signs_in(&app).await;
    let out = ada.submits("/fn/account/sign-out", "/settings", &[]).await;
    assert_eq!(
        (out.status, out.header("location")),
        (302, "/sign-in?signed-out=here")
    );
    assert_eq!(ada.gets("/api/work-log/list").await.status, 401);
    let page = app.nobody().gets("/sign-in?signed-out=here").await.text();
    assert!(page.contains("href=\"/sign-in/oidc/out\""), "{page}");
    let there = app.nobody().gets("/sign-in/oidc/out").await;
    let back = format!("{}/sign-in", app.nobody().base)
        .replace(':', "%3A")
        .replace('/', "%2F");
    let expected = format!(
        "{}/end?from=holly&client_id=holly+at+home&post_logout_redirect_uri={back}",
        provider.issuer
    );
    assert_eq!(there.header("location"), expected);
    let bob = app.browser("bob@example.org").await;
    assert_eq!(
        bob.submits("/fn/account/sign-out", "/settings", &[])
            .await
            .header("location"),
        "/sign-in",
        "he came by password"
    );
}

#[tokio::test]
async fn with_local_accounts_off_no_route_takes_a_password() {
    const PASSWORD: &str = "correct horse";
    let provider = TestProvider::start().await;
    let app = with_settings(&provider, |config| config.oidc.local_accounts = false).await;
    let nobody = app.nobody();
    for page in ["/", "/welcome"] {
        assert_eq!(
            nobody.gets(page).await.header("location"),
            "/sign-in",
            "{page}"
        );
    }
    let page = nobody.gets("/sign-in").await.text();
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
    for (route, from) in [
        ("/fn/account/sign-in", "/sign-in"),
        ("/fn/account/welcome", "/welcome"),
    ] {
        let answer = nobody.submits(route, from, &form).await;
        assert_eq!(answer.headers("set-cookie").len(), 0, "{route}");
        let request = nobody
            .request(reqwest::Method::POST, route)
            .header("content-type", "application/x-www-form-urlencoded");
        let answer =
            Answer::to(request.body("email=ada%40example.org&password=correct+horse")).await;
        assert!(
            answer.status == 422 && answer.text().contains("switched off"),
            "{route}: {}",
            answer.text()
        );
    }
    assert_eq!(count(&app, "sessions").await, 0);
    let ada = signs_in(&app).await;
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
        "nobody could take them up"
    );
}
