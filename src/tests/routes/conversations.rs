//! `/api/conversations` and `/api/conversations/{id}`.

use crate::{
    domain::CONVERSATIONS_LISTED, server::chat::create_conversation, tests::support::TestApp,
};
use serde_json::{Value, json};

#[tokio::test]
async fn a_conversation_is_begun_renamed_listed_and_deleted() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let first = ada
        .posts("/api/conversations", json!({"title": " Lighthouses "}))
        .await
        .expect(201)["conversation"]
        .clone();
    assert_eq!(
        (&first["title"], &first["runningTurnId"]),
        (&json!("Lighthouses"), &Value::Null)
    );
    app.app.clock.advance(1_000);
    let second = ada.begins().await;
    let listed = ada.gets("/api/conversations").await.expect(200)["conversations"].clone();
    assert_eq!((&listed[0]["id"], &listed[1]), (&json!(second), &first));
    let address = format!("/api/conversations/{}", first["id"].as_str().unwrap());
    assert_eq!(
        ada.sends_patch(&address, json!({"title": "Towers"}))
            .await
            .expect(200)["conversation"]["title"],
        "Towers"
    );
    ada.deletes(&address).await.expect(200);
    assert_eq!(ada.gets(&address).await.status, 404);
    assert_eq!(
        ada.gets("/api/conversations?limit=1").await.expect(200)["conversations"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn titles_have_bounds() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let here = format!("/api/conversations/{}", ada.begins().await);
    for title in [json!(""), json!("x".repeat(201)), json!(7)] {
        assert_eq!(
            ada.posts("/api/conversations", json!({ "title": title }))
                .await
                .refused_fields(),
            ["title"]
        );
        assert_eq!(
            ada.sends_patch(&here, json!({ "title": title }))
                .await
                .refused_fields(),
            ["title"]
        );
    }
    assert_eq!(
        ada.sends_patch(&here, json!({})).await.refused_fields(),
        ["title"]
    );
}

#[tokio::test]
async fn a_deleted_conversation_takes_its_rows_with_it_and_readers_learn_of_it() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let here = ada.begins().await;
    ada.says(&here, "Hello").await;
    ada.awaits_the_end(&here).await;
    let beginning = ada.cursor().await;
    let mut stream = ada.streams("").await;
    ada.deletes(&format!("/api/conversations/{here}"))
        .await
        .expect(200);
    let gone = stream.next_named("removed").await.data["removed"].clone();
    assert_eq!(
        (&gone["kind"], &gone["id"]),
        (&json!("conversation"), &json!(here))
    );
    assert_eq!(ada.lists("").await["count"], 0);
    assert_eq!(
        ada.lists(&format!("after={beginning}")).await["removed"],
        json!([gone])
    );
    assert_eq!(
        ada.gets(&format!("/api/work-log/list?conversationId={here}"))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn older_messages_come_page_by_page() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let here = ada.begins().await;
    for number in 0..60 {
        ada.says(&here, &format!("Message {number}")).await;
        ada.awaits_the_end(&here).await;
    }
    let (mut seen, mut address) = (Vec::new(), format!("/api/conversations/{here}"));
    loop {
        let page = ada.gets(&address).await.expect(200);
        let mut messages = page["conversation"]["messages"].as_array().unwrap().clone();
        messages.extend(seen);
        seen = messages;
        match page["next"].as_str() {
            Some(next) => address = format!("/api/conversations/{here}?before={next}"),
            None => break,
        }
    }
    let asked: Vec<_> = seen
        .iter()
        .filter(|message| message["role"] == "user")
        .map(|message| message["content"].clone())
        .collect();
    assert_eq!(
        asked,
        (0..60)
            .map(|number| json!(format!("Message {number}")))
            .collect::<Vec<_>>()
    );
    assert_eq!(seen.len(), 120);
}

#[tokio::test]
async fn conversations_come_page_by_page_and_all_of_them_can_be_reached() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let mut begun = Vec::new();
    for number in 0..=CONVERSATIONS_LISTED {
        let title = format!("Talk {number}");
        begun.push(
            create_conversation(&app.app.store, app.app.clock.now(), ada.id, &title)
                .await
                .unwrap()
                .id
                .to_string(),
        );
    }
    begun.reverse();
    let (mut seen, mut address) = (Vec::new(), "/api/conversations?limit=90".to_owned());
    loop {
        let page = ada.gets(&address).await.expect(200);
        seen.extend(
            page["conversations"]
                .as_array()
                .unwrap()
                .iter()
                .map(|talk| talk["id"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => address = format!("/api/conversations?limit=90&before={next}"),
            None => break,
        }
    }
    assert_eq!(seen, begun);
    let newest = ada.gets("/").await.text();
    assert!(
        newest.contains("Talk 1<") && !newest.contains("Talk 0<"),
        "{newest}"
    );
    let older = format!("/conversations?before={}", begun[CONVERSATIONS_LISTED - 1]);
    assert!(newest.contains(&older), "{newest}");
    let page = ada.gets(&older).await.text();
    assert!(
        page.contains("Talk 0<")
            && !page.contains("Talk 1<")
            && !page.contains("Older conversations"),
        "{page}"
    );
    assert_eq!(ada.gets("/conversations?before=x").await.status, 404);
}
