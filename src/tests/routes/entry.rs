//! `GET · PATCH · DELETE /api/work-log/{id}`.

use crate::tests::support::{TestApp, address_of};
use serde_json::{Value, json};

#[tokio::test]
async fn an_entry_is_updated_in_place() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let begun = ada
        .creates(json!({
            "logType": "tool_call", "status": "working", "title": "Backup",
            "metadata": {"a": 1, "b": 2}
        }))
        .await;
    app.app.clock.advance(1_500);
    let done = ada
        .patches(
            &begun,
            json!({"status": "success", "details": "3 files", "metadata": {"a": null, "c": 3}}),
        )
        .await;
    assert_eq!(done["id"], begun["id"]);
    for (field, value) in [
        ("status", json!("success")),
        ("title", json!("Backup")),
        ("details", json!("3 files")),
        ("metadata", json!({"b": 2, "c": 3})),
        ("durationMs", json!(1_500)),
        ("timestamp", json!("2026-11-24T09:30:00.000Z")),
        ("updatedAt", json!("2026-11-24T09:30:01.500Z")),
        ("rev", json!(2)),
    ] {
        assert_eq!(done[field], value, "{field}");
    }
    assert_eq!(ada.gets(&address_of(&begun)).await.expect(200)["log"], done);
}

#[tokio::test]
async fn a_settled_entry_cannot_become_working() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let note = ada.notes("done").await;
    assert_eq!(
        ada.sends_patch(&address_of(&note), json!({"status": "working"}))
            .await
            .status,
        409
    );
    assert_eq!(ada.gets(&address_of(&note)).await.expect(200)["log"], note);
}

#[tokio::test]
async fn a_kept_entry_does_not_expire() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let note = ada.notes("remember").await;
    assert_eq!(
        ada.patches(&note, json!({"kept": true})).await["expiresAt"],
        Value::Null
    );
    assert_eq!(
        ada.patches(&note, json!({"kept": false})).await["expiresAt"],
        note["expiresAt"]
    );
}

#[tokio::test]
async fn patches_are_held_to_the_same_bounds() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let note = ada
        .creates(json!({
            "logType": "info", "status": "info", "title": "x", "metadata": {"a": "x".repeat(9_000)}
        }))
        .await;
    for (field, value) in [
        ("title", json!("")),
        ("title", json!("x".repeat(201))),
        ("details", json!("x".repeat(65_537))),
        ("metadata", json!({"b": "x".repeat(9_000)})),
        ("durationMs", json!(-1)),
        ("kept", json!("yes")),
        ("logType", json!("error")),
        ("conversationId", Value::Null),
    ] {
        let answer = ada
            .sends_patch(&address_of(&note), json!({ field: value }))
            .await;
        assert_eq!(answer.refused_fields(), [field]);
    }
    assert_eq!(
        ada.patches(&note, json!({"details": "a"})).await["details"],
        "a"
    );
    assert_eq!(
        ada.patches(&note, json!({"details": null})).await["details"],
        Value::Null
    );
}

#[tokio::test]
async fn a_deleted_entry_still_counts_in_the_totals() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let note = admin.notes("soon gone").await;
    admin.deletes(&address_of(&note)).await.expect(200);
    assert_eq!(admin.gets(&address_of(&note)).await.status, 404);
    assert_eq!(admin.deletes(&address_of(&note)).await.status, 404);
    assert_eq!(admin.lists("").await["count"], 0);
    let stats = admin.gets("/api/work-log/stats").await.expect(200)["stats"].clone();
    assert_eq!(
        (
            stats.as_array().unwrap().len(),
            &stats[0]["tier"],
            &stats[0]["entries"]
        ),
        (1, &json!("deleted"), &json!(1))
    );
}

#[tokio::test]
async fn unknown_ids_and_paths_are_404() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    for address in [
        "/api/work-log/42",
        "/api/work-log/0190f0c0-7a4e-7cc3-98c4-dc0c0c07398f",
        "/api/nonsense",
        "/api/conversations/42",
    ] {
        assert_eq!(
            ada.gets(address).await.expect(404)["status"],
            404,
            "{address}"
        );
    }
}
