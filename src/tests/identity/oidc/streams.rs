//! A stream outlives the short-lived token that opened it and ends with the session or the account.

use super::{browser_signed_in, with_provider, with_token};
use crate::tests::support::{Person, Sse, provider::TestProvider};
use serde_json::{Value, json};

async fn open_stream(client: &Person) -> Sse {
    let mut stream = client.streams("").await;
    assert_eq!(stream.next_event().await.event, "heartbeat");
    stream
}

/// Asserts that the stream still delivers new entries.
async fn assert_live(stream: &mut Sse, writer: &Person, title: &str) {
    writer.notes(title).await;
    assert_eq!(
        stream.next_named("entry").await.data["entry"]["title"],
        title
    );
}

async fn assert_ends(mut stream: Sse) {
    assert_eq!(stream.next_named("auth").await.data, json!({}));
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_browser_stream_outlives_the_id_token_and_ends_with_the_session() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let ada = browser_signed_in(&app).await;
    let mut stream = open_stream(&ada).await;
    app.app.clock.advance(3_600_000);
    assert_live(&mut stream, &ada, "an hour later").await;
    let mut again = open_stream(&ada).await;
    assert_live(&mut again, &ada, "and it is opened anew").await;
    ada.submits("/fn/account/sign-out", "/settings", &[]).await;
    assert_ends(stream).await;
    assert_ends(again).await;
    assert_eq!(ada.streams("").await.next_event().await.event, "auth");
}

#[tokio::test]
async fn a_stream_outlives_its_token_and_ends_on_sign_out_everywhere() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let (browser, caller) = (
        browser_signed_in(&app).await,
        with_token(&app, &provider.token("ada|1", json!({}))),
    );
    let mut stream = open_stream(&caller).await;
    app.app.clock.advance(120_000);
    assert_eq!(
        caller.gets("/api/work-log/list").await.status,
        401,
        "the token is expired"
    );
    assert_eq!(
        caller.streams("").await.next_event().await.event,
        "auth",
        "and it cannot open another stream"
    );
    assert_live(&mut stream, &browser, "two minutes later").await;
    let client_with_token_issued_at = |millis: i64| {
        with_token(
            &app,
            &provider.token(
                "ada|1",
                json!({ "iat": millis / 1_000, "exp": millis / 1_000 + 600 }),
            ),
        )
    };
    let early_client = client_with_token_issued_at(app.app.clock.now().millis());
    assert_eq!(early_client.gets("/api/work-log/list").await.status, 200);
    app.app.clock.advance(1_000);
    browser
        .submits("/fn/account/sign-out-everywhere", "/settings", &[])
        .await;
    assert_ends(stream).await;
    let problem: Value = early_client.gets("/api/work-log/list").await.expect(401);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("signed out on all devices"),
        "{problem}"
    );
    assert_eq!(
        client_with_token_issued_at(app.app.clock.now().millis())
            .gets("/api/work-log/list")
            .await
            .status,
        200,
        "a token issued later is accepted"
    );
}

#[tokio::test]
async fn a_stream_ends_when_its_account_is_disabled() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let caller = with_token(&app, &provider.token("ada|1", json!({})));
    let stream = open_stream(&caller).await;
    let id: String = sqlx::query_scalar("select user_id from identities")
        .fetch_one(&mut *app.app.store.read().await.unwrap())
        .await
        .unwrap();
    let mut tx = app.app.store.begin().await.unwrap();
    sqlx::query("update users set disabled_at = 1")
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    app.app.store.wakeups().access(id.parse().unwrap());
    assert_ends(stream).await;
}
