//! A stream outlives the token of a minute that opened it, and ends with the session.

use super::{showing, signs_in, with_provider};
use crate::tests::support::{Person, Sse, provider::TestProvider};
use serde_json::{Value, json};

async fn opened(who: &Person) -> Sse {
    let mut stream = who.streams("").await;
    assert_eq!(stream.next_event().await.event, "heartbeat");
    stream
}

/// Whether the stream still tells its reader what happens.
async fn tells(stream: &mut Sse, writer: &Person, title: &str) {
    writer.notes(title).await;
    assert_eq!(
        stream.next_named("entry").await.data["entry"]["title"],
        title
    );
}

async fn ends(mut stream: Sse) {
    assert_eq!(stream.next_named("auth").await.data, json!({}));
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_stream_of_a_browser_outlives_the_id_token_and_ends_with_the_session() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let ada = signs_in(&app).await;
    let mut stream = opened(&ada).await;
    app.app.clock.advance(3_600_000);
    tells(&mut stream, &ada, "an hour later").await;
    let mut again = opened(&ada).await;
    tells(&mut again, &ada, "and it is opened anew").await;
    ada.submits("/fn/account/sign-out", "/settings", &[]).await;
    ends(stream).await;
    ends(again).await;
    assert_eq!(ada.streams("").await.next_event().await.event, "auth");
}

#[tokio::test]
async fn a_stream_that_a_token_opened_outlives_it_and_ends_when_its_owner_signs_out_everywhere() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let (browser, caller) = (
        signs_in(&app).await,
        showing(&app, &provider.token("ada|1", json!({}))),
    );
    let mut stream = opened(&caller).await;
    app.app.clock.advance(120_000);
    assert_eq!(
        caller.gets("/api/work-log/list").await.status,
        401,
        "the token's own time is over"
    );
    assert_eq!(
        caller.streams("").await.next_event().await.event,
        "auth",
        "and it opens no other stream"
    );
    tells(&mut stream, &browser, "two minutes later").await;
    let issued = |millis: i64| {
        showing(
            &app,
            &provider.token(
                "ada|1",
                json!({ "iat": millis / 1_000, "exp": millis / 1_000 + 600 }),
            ),
        )
    };
    let before = issued(app.app.clock.now().millis());
    assert_eq!(before.gets("/api/work-log/list").await.status, 200);
    app.app.clock.advance(1_000);
    browser
        .submits("/fn/account/sign-out-everywhere", "/settings", &[])
        .await;
    ends(stream).await;
    let problem: Value = before.gets("/api/work-log/list").await.expect(401);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("signed out on all devices"),
        "{problem}"
    );
    assert_eq!(
        issued(app.app.clock.now().millis())
            .gets("/api/work-log/list")
            .await
            .status,
        200,
        "a newer one is good"
    );
}

#[tokio::test]
async fn a_stream_ends_when_its_account_is_switched_off() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let caller = showing(&app, &provider.token("ada|1", json!({})));
    let stream = opened(&caller).await;
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
    ends(stream).await;
}
