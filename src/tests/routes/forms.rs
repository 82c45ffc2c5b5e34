//! Forms posted without JavaScript: they do their work and redirect back.

use crate::tests::support::{self, Person, TestApp};

#[tokio::test]
async fn sending_a_message_starts_a_conversation_and_redirects_to_it() {
    let app = TestApp::start().await;
    let ada = app.browser("ada@example.org").await;
    let answer = ada
        .submits(
            "/fn/turns/send",
            "/",
            &[("content", "Hello & good day = fine?")],
        )
        .await;
    let page = answer.header("location").to_owned();
    assert!(
        answer.status == 302 && page.starts_with("/c/"),
        "{} {page}",
        answer.status
    );
    let conversation = page.trim_start_matches("/c/").to_owned();
    let read = ada.awaits_the_end(&conversation).await;
    assert_eq!(read["messages"][0]["content"], "Hello & good day = fine?");
    let html = ada.gets(&page).await;
    assert_eq!(html.status, 200);
    assert!(
        html.text().contains("Demo answered") && html.text().contains("Hello &amp; good day"),
        "the page shows the message without a script"
    );
    let more = ada
        .submits(
            "/fn/turns/send",
            &page,
            &[("conversation_id", &conversation), ("content", "And again")],
        )
        .await;
    assert_eq!((more.status, more.header("location")), (302, page.as_str()));
    assert_eq!(
        ada.awaits_the_end(&conversation).await["messages"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
}

#[tokio::test]
async fn other_forms_redirect_back_to_their_page() {
    let app = TestApp::start().await;
    let ada = app.browser("ada@example.org").await;
    let conversation = ada.begins().await;
    let from = format!("/c/{conversation}");
    let note = ada.notes("keep me").await;
    let id = note["id"].as_str().unwrap();
    for (path, form) in [
        (
            "/fn/conversations/rename",
            [
                ("conversation_id", conversation.as_str()),
                ("title", "Renamed"),
            ]
            .as_slice(),
        ),
        (
            "/fn/turns/stop",
            &[("conversation_id", conversation.as_str())],
        ),
        ("/fn/work-log/keep", &[("entry_id", id), ("kept", "true")]),
    ] {
        let answer = ada.submits(path, &from, form).await;
        let back = answer
            .header("location")
            .trim_start_matches(&ada.base)
            .trim_end_matches('?');
        assert_eq!((answer.status, back), (302, from.as_str()), "{path}");
    }
    assert_eq!(ada.reads(&conversation).await["title"], "Renamed");
    assert!(ada.gets(&support::address_of(&note)).await.expect(200)["log"]["expiresAt"].is_null());
    let deleted = ada
        .submits(
            "/fn/conversations/delete",
            &from,
            &[("conversation_id", &conversation)],
        )
        .await;
    assert_eq!(
        (deleted.status, deleted.header("location")),
        (302, "/?deleted=1-0-0-0-0-0-0"),
        "the redirect carries the receipt"
    );
}

#[tokio::test]
async fn a_new_key_is_shown_once_and_can_be_revoked() {
    let app = TestApp::start().await;
    let ada = app.browser("ada@example.org").await;
    let created = ada
        .submits("/fn/keys/create", "/settings", &[("name", "Deploy script")])
        .await;
    assert_eq!(
        (created.status, created.header("location")),
        (302, "/settings")
    );
    let flash_cookie = created.header("set-cookie").to_owned();
    assert!(
        flash_cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/settings; Max-Age=60"),
        "{flash_cookie}"
    );
    let key = flash_cookie
        .split_once('=')
        .unwrap()
        .1
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let cookies = format!(
        "{}; holly_fresh_key={key}",
        ada.credential.as_ref().unwrap().1
    );
    let next_visit = Person {
        credential: Some(("cookie", cookies)),
        ..ada.clone()
    };
    let page = next_visit.gets("/settings").await;
    assert!(
        page.text().contains(&key)
            && page
                .headers("set-cookie")
                .iter()
                .any(|cookie| cookie.contains("Max-Age=0"))
    );
    let client = Person {
        credential: Some(("authorization", format!("Bearer {key}"))),
        ..ada.clone()
    };
    client.notes("by key").await;
    let id = key.split('_').nth(1).unwrap();
    ada.submits("/fn/keys/revoke", "/settings", &[("id", id)])
        .await;
    assert_eq!(client.gets("/api/work-log/list").await.status, 401);
}

#[tokio::test]
async fn an_error_is_shown_on_the_page_of_the_form() {
    let app = TestApp::start().await;
    let ada = app.browser("ada@example.org").await;
    let answer = ada
        .submits("/fn/keys/create", "/settings", &[("name", " ")])
        .await;
    let back = answer
        .header("location")
        .trim_start_matches(&ada.base)
        .to_owned();
    assert!(
        answer.status == 302 && back.starts_with("/settings?"),
        "{back}"
    );
    assert!(
        ada.follows(&answer)
            .await
            .text()
            .contains("must be 1 to 80 characters")
    );
}
