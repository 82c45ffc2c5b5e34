//! `/api/conversations` and `/api/conversations/{id}`.

use crate::{
    domain::CONVERSATIONS_LISTED, server::chat::create_conversation, tests::support::TestApp,
};
use serde_json::{Value, json};

#[tokio::test]
async fn a_conversation_is_created_renamed_listed_and_deleted() {
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
async fn titles_are_bounded() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let address = format!("/api/conversations/{}", ada.begins().await);
    for title in [json!(""), json!("x".repeat(201)), json!(7)] {
        assert_eq!(
            ada.posts("/api/conversations", json!({ "title": title }))
                .await
                .refused_fields(),
            ["title"]
        );
        assert_eq!(
            ada.sends_patch(&address, json!({ "title": title }))
                .await
                .refused_fields(),
            ["title"]
        );
    }
    assert_eq!(
        ada.sends_patch(&address, json!({})).await.refused_fields(),
        ["title"]
    );
}

#[tokio::test]
async fn deleting_a_conversation_deletes_its_rows_and_notifies_readers() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    ada.says(&conversation, "Hello").await;
    ada.awaits_the_end(&conversation).await;
    let cursor = ada.cursor().await;
    let mut stream = ada.streams("").await;
    ada.deletes(&format!("/api/conversations/{conversation}"))
        .await
        .expect(200);
    let removed = stream.next_named("removed").await.data["removed"].clone();
    assert_eq!(
        (&removed["kind"], &removed["id"]),
        (&json!("conversation"), &json!(conversation))
    );
    assert_eq!(ada.lists("").await["count"], 0);
    assert_eq!(
        ada.lists(&format!("after={cursor}")).await["removed"],
        json!([removed])
    );
    assert_eq!(
        ada.gets(&format!("/api/work-log/list?conversationId={conversation}"))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn older_messages_are_paged() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    for number in 0..60 {
        ada.says(&conversation, &format!("Message {number}")).await;
        ada.awaits_the_end(&conversation).await;
    }
    let (mut seen, mut address) = (Vec::new(), format!("/api/conversations/{conversation}"));
    loop {
        let page = ada.gets(&address).await.expect(200);
        let mut messages = page["conversation"]["messages"].as_array().unwrap().clone();
        messages.extend(seen);
        seen = messages;
        match page["next"].as_str() {
            Some(next) => address = format!("/api/conversations/{conversation}?before={next}"),
            None => break,
        }
    }
    let questions: Vec<_> = seen
        .iter()
        .filter(|message| message["role"] == "user")
        .map(|message| message["content"].clone())
        .collect();
    assert_eq!(
        questions,
        (0..60)
            .map(|number| json!(format!("Message {number}")))
            .collect::<Vec<_>>()
    );
    assert_eq!(seen.len(), 120);
}

#[tokio::test]
async fn all_conversations_are_reachable_page_by_page() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let mut created = Vec::new();
    for number in 0..=CONVERSATIONS_LISTED {
        let title = format!("Talk {number}");
        created.push(
            create_conversation(&app.app.store, app.app.clock.now(), ada.id, &title)
                .await
                .unwrap()
                .id
                .to_string(),
        );
    }
    created.reverse();
    let (mut seen, mut address) = (Vec::new(), "/api/conversations?limit=90".to_owned());
    loop {
        let page = ada.gets(&address).await.expect(200);
        seen.extend(
            page["conversations"]
                .as_array()
                .unwrap()
                .iter()
                .map(|conversation| conversation["id"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => address = format!("/api/conversations?limit=90&before={next}"),
            None => break,
        }
    }
    assert_eq!(seen, created);
    let newest = ada.gets("/").await.text();
    assert!(
        newest.contains("Talk 1<") && !newest.contains("Talk 0<"),
        "{newest}"
    );
    let older = format!(
        "/conversations?before={}",
        created[CONVERSATIONS_LISTED - 1]
    );
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
