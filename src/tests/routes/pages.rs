//! Pages as a browser gets them: headers, nonces, redirects.

use crate::tests::support::{self, Answer, TestApp};
use reqwest::Method;

/// The values of attribute `name` of each `tag` in HTML.
fn attributes<'a>(html: &'a str, tag: &str, name: &str) -> Vec<Option<&'a str>> {
    let (opening, name) = (format!("<{tag}"), format!("{name}=\""));
    let tags = html
        .split(&opening)
        .skip(1)
        .map(|rest| rest.split('>').next().unwrap());
    tags.map(|tag| {
        tag.split(&name)
            .nth(1)
            .map(|rest| rest.split('"').next().unwrap())
    })
    .collect()
}

#[tokio::test]
async fn each_response_has_a_fresh_nonce_shared_by_policy_and_scripts() {
    let app = TestApp::start().await;
    let ada = app.browser("ada@example.org").await;
    let mut nonces = std::collections::HashSet::new();
    for address in ["/", "/settings", "/history", "/gallery"] {
        let page = ada.gets(address).await;
        assert_eq!(page.status, 200, "{address}");
        let policy = page.header("content-security-policy").to_owned();
        let nonce = policy
            .split("'nonce-")
            .nth(1)
            .unwrap()
            .split('\'')
            .next()
            .unwrap()
            .to_owned();
        // a data block is not executed and needs no nonce
        let html = page
            .text()
            .replace("<script type=\"application/json\"", "<data");
        let scripts = attributes(&html, "script", "nonce");
        assert!(
            !scripts.is_empty() && scripts.iter().all(|found| *found == Some(&nonce)),
            "{address}: {scripts:?} but {policy}"
        );
        assert!(
            !policy.contains("'unsafe-inline'") && !policy.contains("'unsafe-eval'"),
            "{policy}"
        );
        assert!(
            html.contains("/pkg/holly.js") && html.contains("/pkg/holly.wasm"),
            "{address}"
        );
        assert!(nonces.insert(nonce), "a nonce was used twice");
    }
}

#[tokio::test]
async fn every_response_has_the_security_headers() {
    let app = TestApp::start().await;
    let ada = app.browser("ada@example.org").await;
    for address in [
        "/",
        "/sign-in",
        "/api/work-log/list",
        "/api/nonsense",
        "/healthz",
        "/pkg/none.js",
        "/nonsense",
    ] {
        let answer = ada.gets(address).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{address}");
        }
        assert!(
            answer
                .header("content-security-policy")
                .contains("frame-ancestors 'none'"),
            "{address}"
        );
        assert!(
            answer.headers("strict-transport-security").is_empty(),
            "only on https"
        );
        assert_eq!(answer.header("x-request-id").len(), 16, "{address}");
    }
    assert_eq!(ada.gets("/").await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn files_shown_in_the_gallery_exist() {
    let app = TestApp::with(
        |config| config.site_dir = Some(concat!(env!("CARGO_MANIFEST_DIR"), "/public").into()),
        |_| {},
    )
    .await;
    let html = app
        .browser("ada@example.org")
        .await
        .gets("/gallery")
        .await
        .text();
    assert!(
        !html.contains("/files/0"),
        "an example names a file that does not exist"
    );
    for (tag, kind) in [
        ("img", "image/svg+xml"),
        ("audio", "audio/"),
        ("video", "video/webm"),
    ] {
        for address in attributes(&html, tag, "src").into_iter().flatten() {
            let file = app.anonymous().gets(address).await;
            assert!(
                file.status == 200 && file.header("content-type").starts_with(kind),
                "{address}: {} {}",
                file.status,
                file.header("content-type")
            );
        }
    }
}

#[tokio::test]
async fn style_sheets_exist_and_are_immutable() {
    let app = TestApp::start().await;
    let ada = app.browser("ada@example.org").await;
    for (page, count) in [("/", 1), ("/gallery", 2), ("/settings/people", 2)] {
        let html = ada.gets(page).await.text();
        let sheets: Vec<&str> = attributes(&html, "link", "href")
            .into_iter()
            .flatten()
            .filter(|href| href.ends_with(".css"))
            .collect();
        assert_eq!(sheets.len(), count, "{page}: {sheets:?}");
        for sheet in sheets {
            let sheet = app.anonymous().gets(sheet).await;
            assert!(
                sheet.status == 200 && sheet.header("content-type").starts_with("text/css"),
                "{}",
                sheet.status
            );
            assert_eq!(
                sheet.header("cache-control"),
                "public, max-age=31536000, immutable"
            );
        }
    }
}

#[tokio::test]
async fn hsts_is_sent_on_https() {
    let app = TestApp::with(
        |config| config.public_url = Some("https://holly.example.org".into()),
        |_| {},
    )
    .await;
    let answer = app.anonymous().gets("/healthz").await;
    assert_eq!(
        answer.header("strict-transport-security"),
        "max-age=31536000"
    );
}

#[tokio::test]
async fn visitors_are_redirected_to_welcome_sign_in_or_home() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    for (address, page) in [
        ("/", "/welcome"),
        ("/sign-in", "/welcome"),
        ("/settings", "/welcome"),
    ] {
        let answer = anonymous.gets(address).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, page),
            "{address}"
        );
    }
    assert_eq!(anonymous.gets("/welcome").await.status, 200);
    let ada = app.browser("ada@example.org").await;
    for (address, page) in [
        ("/", "/sign-in"),
        ("/welcome", "/sign-in"),
        ("/history", "/sign-in?next=/history"),
        ("/c/1", "/sign-in?next=/c/1"),
        (
            "/history?q=lamp&status=error",
            "/sign-in?next=/history%3Fq%3Dlamp%26status%3Derror",
        ),
        ("/?deleted=1", "/sign-in?next=/%3Fdeleted%3D1"),
        ("/stats?days=7&__err=x", "/sign-in?next=/stats%3Fdays%3D7"),
    ] {
        assert_eq!(
            anonymous.gets(address).await.header("location"),
            page,
            "{address}"
        );
    }
    assert_eq!(
        (
            anonymous.gets("/sign-in").await.status,
            ada.gets("/sign-in").await.header("location")
        ),
        (200, "/")
    );
    assert_eq!(ada.gets("/nonsense").await.status, 404);
}

#[tokio::test]
async fn cross_site_requests_cannot_write_or_stream() {
    let app = TestApp::start().await;
    let ada = app.browser("ada@example.org").await;
    let note = ada.notes("one").await;
    let entry = support::address_of(&note);
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "http://evil.example"),
        ("origin", "null"),
    ] {
        for (method, address) in [
            (Method::POST, "/api/work-log/create"),
            (Method::DELETE, entry.as_str()),
            (Method::PATCH, entry.as_str()),
            (Method::POST, "/fn/turns/send"),
            (Method::POST, "/fn/account/sign-in"),
            (Method::GET, "/api/work-log/stream"),
        ] {
            let answer = Answer::to(ada.request(method, address).header(name, value)).await;
            assert_eq!(
                answer.expect(403)["status"],
                403,
                "{name}: {value} {address}"
            );
        }
        let link = Answer::to(ada.request(Method::GET, "/").header(name, value)).await;
        assert_eq!(link.status, 200, "a link from elsewhere opens the page");
    }
    let own = ada
        .request(Method::POST, "/api/work-log/create")
        .header("origin", &ada.base);
    let body = serde_json::json!({"logType": "info", "status": "info", "title": "x"});
    Answer::to(own.json(&body)).await.expect(201);
}
