//! Tool approvals over HTTP: tools that write or send ask first, and any client of the user may
//! decide.

use crate::{
    domain::Decision,
    server::{store::Store, work_log},
    tests::support::{Person, TestApp, address_of, within},
};
use serde_json::{Value, json};

/// A server with a pending approval: the user, the conversation and the entry.
async fn with_pending_approval() -> (TestApp, Person, String, Value) {
    let app = TestApp::start().await;
    let ada = app.browser("ada@example.org").await;
    let conversation = ada.begins().await;
    let entry = request_tool(&ada, &conversation).await;
    (app, ada, conversation, entry)
}

async fn request_tool(ada: &Person, conversation: &str) -> Value {
    ada.says(conversation, "Write a note: buy lamp oil").await;
    ada.awaits_a_question(conversation).await
}

/// The current entry and the assistant's last message.
async fn outcome(ada: &Person, conversation: &str, entry: &Value) -> (Value, String) {
    let read = ada.awaits_the_end(conversation).await;
    let reply = read["messages"].as_array().unwrap().last().unwrap()["content"]
        .as_str()
        .unwrap()
        .to_owned();
    (
        ada.gets(&address_of(entry)).await.expect(200)["log"].clone(),
        reply,
    )
}

#[tokio::test]
async fn a_writing_tool_shows_its_arguments_and_waits_for_approval() {
    let (_app, ada, conversation, entry) = with_pending_approval().await;
    assert_eq!(
        (&entry["title"], &entry["details"]),
        (&json!("Note: buy lamp oil"), &json!("text: buy lamp oil\n"))
    );
    assert_eq!(
        entry["metadata"]["approval"],
        json!({"state": "waiting", "until": "2026-11-24T09:40:00.000Z"})
    );
    let decided = ada.decides(&entry, "once").await.expect(200)["log"].clone();
    let approval = json!({
        "state": "decided", "decision": "once", "by": ada.id, "at": "2026-11-24T09:30:00.000Z"
    });
    assert_eq!(
        (&decided["status"], &decided["metadata"]["approval"]),
        (&json!("working"), &approval)
    );
    let (done, reply) = outcome(&ada, &conversation, &entry).await;
    assert_eq!(
        (&done["status"], &done["metadata"]["approval"]),
        (&json!("success"), &approval)
    );
    assert!(
        reply.starts_with("Here you are: the note “buy lamp oil”"),
        "{reply}"
    );
    let note = format!(
        "/files/{}",
        done["metadata"]["files"][0]["id"].as_str().unwrap()
    );
    assert_eq!(ada.gets(&note).await.text(), "buy lamp oil");
}

#[tokio::test]
async fn a_denied_tool_is_not_run_and_the_answer_continues() {
    let (_app, ada, conversation, entry) = with_pending_approval().await;
    ada.decides(&entry, "deny").await.expect(200);
    let (done, reply) = outcome(&ada, &conversation, &entry).await;
    assert_eq!(
        (&done["status"], &done["metadata"]["approval"]["decision"]),
        (&json!("warning"), &json!("deny"))
    );
    assert!(
        done["metadata"]["files"].is_null()
            && reply.starts_with("I left out the note “buy lamp oil”"),
        "{reply}"
    );
}

#[tokio::test]
async fn an_always_allowed_tool_asks_again_only_after_revocation() {
    let (_app, ada, conversation, entry) = with_pending_approval().await;
    assert!(!ada.gets("/settings").await.text().contains("write_note"));
    ada.decides(&entry, "always").await.expect(200);
    outcome(&ada, &conversation, &entry).await;
    ada.says(&conversation, "Write a note: trim the wick").await;
    ada.awaits_the_end(&conversation).await;
    let second = ada
        .entries(&conversation)
        .await
        .into_iter()
        .rfind(|entry| entry["logType"] == "tool_call")
        .unwrap();
    assert_eq!(
        (
            &second["status"],
            &second["metadata"]["approval"]["decision"]
        ),
        (&json!("success"), &json!("always"))
    );
    assert!(ada.gets("/settings").await.text().contains("write_note"));
    let revoked = ada
        .submits(
            "/fn/approvals/revoke",
            "/settings",
            &[("tool", "write_note")],
        )
        .await;
    assert_eq!(
        (revoked.status, revoked.header("location")),
        (302, "/settings")
    );
    request_tool(&ada, &conversation).await;
}

#[tokio::test]
async fn repeating_a_decision_is_fine_and_changing_it_a_conflict() {
    let (_app, ada, conversation, entry) = with_pending_approval().await;
    assert_eq!(
        ada.decides(&entry, "perhaps").await.refused_fields(),
        ["decision"]
    );
    ada.decides(&entry, "deny").await.expect(200);
    ada.decides(&entry, "deny").await.expect(200);
    assert_eq!(
        ada.decides(&entry, "once").await.expect(409)["detail"],
        "the approval was already decided: deny"
    );
    outcome(&ada, &conversation, &entry).await;
    ada.decides(&entry, "deny").await.expect(200);
    ada.decides(&entry, "always").await.expect(409);
}

#[tokio::test]
async fn only_the_owner_decides_and_only_pending_approvals() {
    let (app, ada, conversation, entry) = with_pending_approval().await;
    let bob = app.person("bob@example.org").await;
    assert_eq!(
        (
            bob.decides(&entry, "once").await.status,
            app.anonymous().decides(&entry, "once").await.status
        ),
        (404, 401)
    );
    let other = ada.begins().await;
    let elsewhere = format!(
        "/api/conversations/{other}/approvals/{}",
        entry["id"].as_str().unwrap()
    );
    assert_eq!(
        ada.posts(&elsewhere, json!({"decision": "once"}))
            .await
            .status,
        404
    );
    let asking = ada.entries(&conversation).await[0].clone();
    assert_eq!(
        ada.decides(&asking, "once").await.expect(404)["detail"],
        "there is no such approval"
    );
    assert_eq!(
        ada.gets(&address_of(&entry)).await.expect(200)["log"]["metadata"]["approval"]["state"],
        "waiting"
    );
}

#[tokio::test]
async fn stopping_the_turn_cancels_the_approval() {
    let (_app, ada, conversation, entry) = with_pending_approval().await;
    ada.posts(
        &format!("/api/conversations/{conversation}/stop"),
        json!({}),
    )
    .await
    .expect(200);
    ada.awaits_the_end(&conversation).await;
    let done = ada.gets(&address_of(&entry)).await.expect(200)["log"].clone();
    assert_eq!(
        (&done["status"], &done["metadata"]["stopped"]),
        (&json!("warning"), &json!(true))
    );
    assert_eq!(
        ada.decides(&entry, "once").await.expect(409)["detail"],
        "the entry is already settled"
    );
}

#[tokio::test]
async fn an_approval_expires_after_ten_minutes() {
    let (app, ada, conversation, entry) = with_pending_approval().await;
    app.app.clock.advance(600_000);
    assert_eq!(
        ada.decides(&entry, "once").await.expect(409)["detail"],
        "the approval has expired"
    );
    ada.notes("something else happens").await;
    let (done, reply) = outcome(&ada, &conversation, &entry).await;
    assert_eq!(
        (&done["status"], &done["metadata"]["approval"]["state"]),
        (&json!("warning"), &json!("lapsed"))
    );
    assert!(reply.starts_with("I left out the note"), "{reply}");
}

#[tokio::test]
async fn deleting_the_entry_or_conversation_cancels_the_approval() {
    let (app, ada, conversation, entry) = with_pending_approval().await;
    ada.deletes(&address_of(&entry)).await.expect(200);
    ada.awaits_the_end(&conversation).await;
    request_tool(&ada, &conversation).await;
    ada.deletes(&format!("/api/conversations/{conversation}"))
        .await
        .expect(200);
    app.app.tasks.close();
    within("the turn to end", app.app.tasks.wait()).await;
    assert_eq!(ada.lists("status=working").await["count"], 0);
}

#[tokio::test]
async fn an_approval_can_be_decided_by_a_form_without_javascript() {
    let (_app, ada, conversation, entry) = with_pending_approval().await;
    let page = ada.gets(&format!("/c/{conversation}")).await.text();
    for words in [
        "Allow once: Note: buy lamp oil",
        "Always allow: Note: buy lamp oil",
        "Deny: Note: buy lamp oil",
        "text: buy lamp oil",
    ] {
        assert!(page.contains(words), "{words}");
    }
    let form = [
        ("entry_id", entry["id"].as_str().unwrap()),
        ("decision", "once"),
    ];
    let answer = ada
        .submits("/fn/approvals/decide", &format!("/c/{conversation}"), &form)
        .await;
    assert_eq!(answer.status, 302, "{}", answer.text());
    let (done, _) = outcome(&ada, &conversation, &entry).await;
    assert_eq!(done["status"], "success");
    assert!(
        !ada.gets(&format!("/c/{conversation}"))
            .await
            .text()
            .contains("Allow once")
    );
}

#[tokio::test]
async fn a_decision_in_another_process_takes_effect() {
    let (app, ada, conversation, entry) = with_pending_approval().await;
    let other = Store::open(&app.app.config.database_url).await.unwrap();
    let id = entry["id"].as_str().unwrap().parse().unwrap();
    work_log::decide(
        &other,
        app.app.clock.now(),
        ada.id,
        None,
        id,
        Decision::Once,
    )
    .await
    .unwrap();
    let (done, _) = outcome(&ada, &conversation, &entry).await;
    assert_eq!(done["status"], "success");
}
