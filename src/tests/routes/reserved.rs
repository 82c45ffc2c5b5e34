//! What writers from outside cannot write: names in metadata that Holly sets, and the entries of a
//! turn.

use crate::{
    domain::RESERVED_NAMES,
    tests::support::{Person, TestApp, address_of},
};
use serde_json::{Value, json};

/// A request body with this metadata.
fn entry(metadata: Value) -> Value {
    json!({ "logType": "info", "status": "info", "title": "x", "metadata": metadata })
}

async fn patch(who: &Person, entry: &Value, body: Value) -> Vec<String> {
    who.sends_patch(&address_of(entry), body)
        .await
        .refused_fields()
}

#[tokio::test]
async fn no_door_takes_a_reserved_name_but_with_the_value_it_has() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let plain = ada.creates(entry(json!({ "tool": "paint" }))).await;
    for name in RESERVED_NAMES {
        let field = [format!("metadata.{name}")];
        for value in [json!("x"), json!(true), json!({ "state": "waiting" })] {
            let metadata = json!({ name: value, "tool": "paint" });
            let created = ada
                .posts("/api/work-log/create", entry(metadata.clone()))
                .await;
            assert_eq!(created.refused_fields(), field, "create");
            let patched = patch(&ada, &plain, json!({ "metadata": metadata })).await;
            assert_eq!(patched, field, "patch");
        }
        let own = app.logs(&ada, entry(json!({ name: [1] }))).await;
        let own = json!(own);
        for value in [json!([2]), json!(null)] {
            let changed = json!({ "metadata": { name: value } });
            assert_eq!(patch(&ada, &own, changed).await, field, "change or removal");
        }
        let same = json!({ "title": "y", "metadata": { name: [1], "n": 1 } });
        let patched = ada.patches(&own, same).await;
        assert_eq!(
            (&patched["title"], &patched["metadata"]),
            (&json!("y"), &json!({ name: [1], "n": 1 }))
        );
    }
    let body = json!({ "metadata": { "approval": 1, "files": [], "n": 1 } });
    assert_eq!(
        patch(&ada, &plain, body).await,
        ["metadata.approval", "metadata.files"]
    );
    let read = ada.gets(&address_of(&plain)).await.expect(200);
    assert_eq!(read["log"], plain);
}

#[tokio::test]
async fn entries_of_a_turn_can_only_be_kept() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    ada.says(&conversation, "Hello").await;
    ada.awaits_the_end(&conversation).await;
    let own = ada.entries(&conversation).await[0].clone();
    for (field, value) in [
        ("status", own["status"].clone()),
        ("title", json!("another")),
        ("details", json!(null)),
        ("details", json!("another")),
        ("metadata", json!({ "tool": "another" })),
        ("metadata", own["metadata"].clone()),
        ("durationMs", json!(1)),
        ("leaseSeconds", json!(60)),
    ] {
        let body = json!({ field: value, "kept": true });
        assert_eq!(patch(&ada, &own, body).await, [field]);
    }
    assert_eq!(patch(&ada, &own, json!({})).await, ["kept"]);
    let read = ada.gets(&address_of(&own)).await.expect(200);
    assert_eq!(read["log"], own);
    assert_eq!(
        ada.patches(&own, json!({ "kept": true })).await["keptBy"],
        "entry"
    );
}
