//! Sign-in and sign-out with plain forms.

use crate::{
    server::identity,
    tests::support::{Answer, Person, TestApp},
};

const PASSWORD: &str = "correct horse";

/// A server with an account that has a password.
async fn with_account(https: bool) -> TestApp {
    let app = TestApp::with(
        |config| config.public_url = https.then(|| "https://holly.example.org".to_owned()),
        |_| {},
    )
    .await;
    identity::add_account(
        &app.app.store,
        app.app.clock.now(),
        "ada@example.org",
        PASSWORD,
        false,
    )
    .await
    .unwrap();
    app
}

fn with_cookie(person: &Person, cookie: &str) -> Person {
    Person {
        credential: Some(("cookie", cookie.split(';').next().unwrap().to_owned())),
        ..person.clone()
    }
}

#[tokio::test]
async fn sign_in_sets_a_session_cookie_and_sign_out_ends_it() {
    let app = with_account(false).await;
    let anonymous = app.anonymous();
    let form = [
        ("email", " Ada@Example.org "),
        ("password", PASSWORD),
        ("next", "/history"),
    ];
    let answer = anonymous
        .submits("/fn/account/sign-in", "/sign-in", &form)
        .await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (302, "/history")
    );
    let cookie = answer.header("set-cookie").to_owned();
    for flag in [
        "holly_session=",
        "; Path=/",
        "; HttpOnly",
        "; SameSite=Lax",
        "; Max-Age=2592000",
    ] {
        assert!(cookie.contains(flag), "{flag} in {cookie}");
    }
    assert!(!cookie.contains("Secure"), "plain HTTP: {cookie}");
    let ada = with_cookie(&anonymous, &cookie);
    assert_eq!(ada.gets("/").await.status, 200);
    let signed_out = ada.submits("/fn/account/sign-out", "/settings", &[]).await;
    assert_eq!(
        (signed_out.status, signed_out.header("location")),
        (302, "/sign-in")
    );
    assert!(signed_out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(signed_out.header("clear-site-data"), "\"cache\"");
    assert_eq!(ada.gets("/api/work-log/list").await.status, 401);
}

#[tokio::test]
async fn on_https_the_cookie_is_secure() {
    let app = with_account(true).await;
    let form = [("email", "ada@example.org"), ("password", PASSWORD)];
    let request = app
        .anonymous()
        .request(reqwest::Method::POST, "/fn/account/sign-in")
        .header("content-type", "application/x-www-form-urlencoded");
    let body = format!(
        "email={}&password={}",
        form[0].1.replace('@', "%40"),
        form[1].1.replace(' ', "+")
    );
    let answer = Answer::to(request.header("accept", "text/html").body(body)).await;
    assert!(
        answer.header("set-cookie").contains("; Secure;"),
        "{} {}",
        answer.status,
        answer.text()
    );
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_email_look_the_same() {
    let app = with_account(false).await;
    let anonymous = app.anonymous();
    let mut locations = Vec::new();
    for (email, password) in [
        ("ada@example.org", "wrong horse"),
        ("bob@example.org", PASSWORD),
    ] {
        let answer = anonymous
            .submits(
                "/fn/account/sign-in",
                "/sign-in",
                &[("email", email), ("password", password)],
            )
            .await;
        assert_eq!((answer.status, answer.sets_session()), (302, false));
        let back = answer
            .header("location")
            .trim_start_matches(&anonymous.base)
            .to_owned();
        let page = anonymous.follows(&answer).await.text();
        assert!(
            page.contains("The email address or the password is wrong."),
            "{back}"
        );
        locations.push(back);
    }
    assert_eq!(locations[0], locations[1]);
    assert!(locations[0].starts_with("/sign-in?"), "{}", locations[0]);
}

#[tokio::test]
async fn repeated_sign_in_attempts_are_limited() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    for attempt in 1..=12 {
        let body = "email=ada%40example.org&password=wrong+horse";
        let request = anonymous
            .request(reqwest::Method::POST, "/fn/account/sign-in")
            .header("content-type", "application/x-www-form-urlencoded");
        let answer = Answer::to(request.header("accept", "application/json").body(body)).await;
        assert_eq!(
            answer.status,
            if attempt <= 10 { 422 } else { 429 },
            "{}",
            answer.text()
        );
    }
    app.app.clock.advance(60_000);
    let answer = anonymous
        .submits(
            "/fn/account/sign-in",
            "/sign-in",
            &[("email", "ada@example.org"), ("password", "wrong")],
        )
        .await;
    assert!(
        !answer.header("location").contains("Too"),
        "{}",
        answer.header("location")
    );
}

#[tokio::test]
async fn the_first_account_is_created_once_and_is_admin() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    let form = [("email", "ada@example.org"), ("password", PASSWORD)];
    let answer = anonymous
        .submits("/fn/account/welcome", "/welcome", &form)
        .await;
    assert_eq!((answer.status, answer.header("location")), (302, "/"));
    let ada = with_cookie(&anonymous, answer.header("set-cookie"));
    assert_eq!(ada.gets("/api/work-log/stats").await.status, 200);
    let again = anonymous
        .submits(
            "/fn/account/welcome",
            "/welcome",
            &[("email", "eve@example.org"), ("password", PASSWORD)],
        )
        .await;
    assert_eq!((again.status, again.sets_session()), (302, false));
    assert!(
        again.header("location").contains("__err"),
        "{}",
        again.header("location")
    );
}

#[tokio::test]
async fn a_sign_in_whose_cookie_would_be_lost_says_which_address_to_open() {
    let app = with_account(true).await;
    let nobody = app.anonymous();
    for (origin, signed_in) in [
        (Some(nobody.base.as_str()), false),
        (Some("https://holly.example.org"), true),
        // programs send none
        (None, true),
    ] {
        let mut request = nobody
            .request(reqwest::Method::POST, "/fn/account/sign-in")
            .header("content-type", "application/x-www-form-urlencoded");
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let body = "email=ada%40example.org&password=correct+horse";
        let answer = Answer::to(request.body(body)).await;
        assert_eq!(
            answer.sets_session(),
            signed_in,
            "{origin:?}: {}",
            answer.text()
        );
        let names_address = answer
            .text()
            .contains("Open Holly at https://holly.example.org");
        assert_eq!(names_address, !signed_in, "{origin:?}: {}", answer.text());
    }
}
