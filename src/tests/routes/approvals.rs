//! Tools that write or send ask first; anybody who holds the person's key or cookie answers, from
//! anywhere.

use crate::{
    domain::Decision,
    server::{store::Store, work_log},
    tests::support::{Person, TestApp, address_of, within},
};
use serde_json::{Value, json};

/// A server on which somebody's note waits for their word, and the conversation and entry of it.
async fn asked() -> (TestApp, Person, String, Value) {
    let app = TestApp::start().await;
    let ada = app.browser("ada@example.org").await;
    let here = ada.begins().await;
    let entry = asks_again(&ada, &here).await;
    (app, ada, here, entry)
}

async fn asks_again(ada: &Person, here: &str) -> Value {
    ada.says(here, "Write a note: buy lamp oil").await;
    ada.awaits_a_question(here).await
}

/// The entry as it is now, and the last thing the assistant said.
async fn outcome(ada: &Person, here: &str, entry: &Value) -> (Value, String) {
    let read = ada.awaits_the_end(here).await;
    let said = read["messages"].as_array().unwrap().last().unwrap()["content"]
        .as_str()
        .unwrap()
        .to_owned();
    (
        ada.gets(&address_of(entry)).await.expect(200)["log"].clone(),
        said,
    )
}

#[tokio::test]
async fn a_tool_that_writes_waits_with_its_arguments_in_sight_until_it_is_allowed() {
    let (_app, ada, here, entry) = asked().await;
    assert_eq!(
        (&entry["title"], &entry["details"]),
        (&json!("Note: buy lamp oil"), &json!("text: buy lamp oil\n"))
    );
    assert_eq!(
        entry["metadata"]["approval"],
        json!({"state": "waiting", "until": "2026-11-24T09:40:00.000Z"})
    );
    let decided = ada.decides(&entry, "once").await.expect(200)["log"].clone();
    let approval = json!({"state": "decided", "decision": "once", "by": ada.id, "at": "2026-11-24T09:30:00.000Z"});
    assert_eq!(
        (&decided["status"], &decided["metadata"]["approval"]),
        (&json!("working"), &approval)
    );
    let (done, said) = outcome(&ada, &here, &entry).await;
    assert_eq!(
        (&done["status"], &done["metadata"]["approval"]),
        (&json!("success"), &approval)
    );
    assert!(
        said.starts_with("Here you are: the note “buy lamp oil”"),
        "{said}"
    );
    let note = format!(
        "/files/{}",
        done["metadata"]["files"][0]["id"].as_str().unwrap()
    );
    assert_eq!(ada.gets(&note).await.text(), "buy lamp oil");
}

#[tokio::test]
async fn what_is_denied_is_not_run_and_the_answer_goes_on() {
    let (_app, ada, here, entry) = asked().await;
    ada.decides(&entry, "deny").await.expect(200);
    let (done, said) = outcome(&ada, &here, &entry).await;
    assert_eq!(
        (&done["status"], &done["metadata"]["approval"]["decision"]),
        (&json!("warning"), &json!("deny"))
    );
    assert!(
        done["metadata"]["files"].is_null()
            && said.starts_with("I left the note “buy lamp oil” alone"),
        "{said}"
    );
}

#[tokio::test]
async fn what_is_always_allowed_does_not_ask_again_until_that_is_revoked() {
    let (_app, ada, here, entry) = asked().await;
    assert!(!ada.gets("/settings").await.text().contains("write_note"));
    ada.decides(&entry, "always").await.expect(200);
    outcome(&ada, &here, &entry).await;
    ada.says(&here, "Write a note: trim the wick").await;
    ada.awaits_the_end(&here).await;
    let second = ada
        .entries(&here)
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
    asks_again(&ada, &here).await;
}

#[tokio::test]
async fn saying_it_twice_is_fine_and_saying_otherwise_is_a_conflict() {
    let (_app, ada, here, entry) = asked().await;
    assert_eq!(
        ada.decides(&entry, "perhaps").await.refused_fields(),
        ["decision"]
    );
    ada.decides(&entry, "deny").await.expect(200);
    ada.decides(&entry, "deny").await.expect(200);
    assert_eq!(
        ada.decides(&entry, "once").await.expect(409)["detail"],
        "it was decided already: deny"
    );
    outcome(&ada, &here, &entry).await;
    ada.decides(&entry, "deny").await.expect(200);
    ada.decides(&entry, "always").await.expect(409);
}

#[tokio::test]
async fn only_its_owner_answers_and_only_where_something_was_asked() {
    let (app, ada, here, entry) = asked().await;
    let bob = app.person("bob@example.org").await;
    assert_eq!(
        (
            bob.decides(&entry, "once").await.status,
            app.nobody().decides(&entry, "once").await.status
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
    let asking = ada.entries(&here).await[0].clone();
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
async fn stopping_the_turn_ends_the_waiting_and_then_it_is_too_late() {
    let (_app, ada, here, entry) = asked().await;
    ada.posts(&format!("/api/conversations/{here}/stop"), json!({}))
        .await
        .expect(200);
    ada.awaits_the_end(&here).await;
    let done = ada.gets(&address_of(&entry)).await.expect(200)["log"].clone();
    assert_eq!(
        (&done["status"], &done["metadata"]["stopped"]),
        (&json!("warning"), &json!(true))
    );
    assert_eq!(
        ada.decides(&entry, "once").await.expect(409)["detail"],
        "it is too late: the work was ended"
    );
}

#[tokio::test]
async fn after_ten_minutes_nobody_is_waited_for() {
    let (app, ada, here, entry) = asked().await;
    app.app.clock.advance(600_000);
    assert_eq!(
        ada.decides(&entry, "once").await.expect(409)["detail"],
        "it is too late: nobody answered in time"
    );
    ada.notes("something else happens").await;
    let (done, said) = outcome(&ada, &here, &entry).await;
    assert_eq!(
        (&done["status"], &done["metadata"]["approval"]["state"]),
        (&json!("warning"), &json!("lapsed"))
    );
    assert!(said.starts_with("I left the note"), "{said}");
}

#[tokio::test]
async fn deleting_the_entry_or_the_conversation_ends_the_waiting() {
    let (app, ada, here, entry) = asked().await;
    ada.deletes(&address_of(&entry)).await.expect(200);
    ada.awaits_the_end(&here).await;
    asks_again(&ada, &here).await;
    ada.deletes(&format!("/api/conversations/{here}"))
        .await
        .expect(200);
    app.app.tasks.close();
    within("the turn to give up", app.app.tasks.wait()).await;
    assert_eq!(ada.lists("status=working").await["count"], 0);
}

#[tokio::test]
async fn without_javascript_a_form_on_the_page_answers() {
    let (_app, ada, here, entry) = asked().await;
    let page = ada.gets(&format!("/c/{here}")).await.text();
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
        .submits("/fn/approvals/decide", &format!("/c/{here}"), &form)
        .await;
    assert_eq!(answer.status, 302, "{}", answer.text());
    let (done, _) = outcome(&ada, &here, &entry).await;
    assert_eq!(done["status"], "success");
    assert!(
        !ada.gets(&format!("/c/{here}"))
            .await
            .text()
            .contains("Allow once")
    );
}

#[tokio::test]
async fn a_word_said_in_another_process_is_heard() {
    let (app, ada, here, entry) = asked().await;
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
    let (done, _) = outcome(&ada, &here, &entry).await;
    assert_eq!(done["status"], "success");
}
