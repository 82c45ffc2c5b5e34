//! Redirects made from input lead to this site.

use crate::{
    server::identity,
    tests::support::{Answer, Person, TestApp},
};
use reqwest::Method;

const PASSWORD: &str = "correct horse";

async fn with_account() -> TestApp {
    let app = TestApp::start().await;
    let (store, now) = (&app.app.store, app.app.clock.now());
    identity::add_account(store, now, "ada@example.org", PASSWORD, false)
        .await
        .unwrap();
    app
}

async fn signs_in(visitor: &Person, next: &str) -> Answer {
    let form = [
        ("email", "ada@example.org"),
        ("password", PASSWORD),
        ("next", next),
    ];
    visitor
        .submits("/fn/account/sign-in", "/sign-in", &form)
        .await
}

#[tokio::test]
async fn sign_in_never_leads_elsewhere() {
    let app = with_account().await;
    let visitor = app.anonymous();
    for (next, target) in [
        ("/c/1?around=2", "/c/1?around=2"),
        ("/\t/evil.example", "/"),
        ("/\n/evil.example", "/"),
        ("/\r\n", "/"),
        ("/\\evil.example", "/"),
        ("/..//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/history?q=\u{e5}", "/history?q=%C3%A5"),
    ] {
        app.app.clock.advance(60_000);
        let answer = signs_in(&visitor, next).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (302, target),
            "{next:?}"
        );
    }
}

#[tokio::test]
async fn a_page_with_its_query_is_opened_after_sign_in() {
    let app = with_account().await;
    let visitor = app.anonymous();
    let page = "/history?q=lamp+%26+oil&status=error";
    let first = visitor.gets(page).await;
    let html = visitor.gets(first.header("location")).await.text();
    let field = html.split("name=\"next\" value=\"").nth(1).unwrap();
    let next = field.split('"').next().unwrap().replace("&amp;", "&");
    assert_eq!(signs_in(&visitor, &next).await.header("location"), page);
}

#[tokio::test]
async fn a_forged_referer_leads_to_a_path_of_this_site() {
    let app = TestApp::start().await;
    let ada = app.browser("ada@example.org").await;
    for (action, form) in [
        ("/fn/conversations/rename", "conversation_id=none&title=x"),
        ("/fn/account/password", "nothing=here"),
        ("/messages", "content="),
    ] {
        for referer in [
            "https://evil.example/x?y=z",
            "https://evil.example//other.example",
            "//evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
        ] {
            let request = ada
                .request(Method::POST, action)
                .header("content-type", "application/x-www-form-urlencoded")
                .header("accept", "text/html")
                .header("referer", referer);
            let answer = Answer::to(request.body(form)).await;
            let location = answer.header("location");
            let is_path = location.starts_with('/') && !location.starts_with("//");
            let is_refused = location.is_empty() && answer.status >= 400;
            assert!(is_path || is_refused, "{action} {referer}: {answer:?}");
            assert!(!location.contains("evil"), "{action} {referer}: {location}");
        }
    }
}
