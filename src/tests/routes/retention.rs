//! Retention over HTTP: who may run it, what a dry run reports, and that readers see one list over
//! all tiers.

use crate::{
    domain::time::DAY_MS,
    server::{
        retention::{Policy, damage, worker},
        store::retention::{lease, objects},
    },
    tests::support::{TestApp, address_of},
};
use reqwest::Method;
use serde_json::{Value, json};

const SECRET: &str = "a secret that schedulers know";

async fn app() -> TestApp {
    TestApp::with(
        |config| config.retention.cron_secret = Some(SECRET.to_owned()),
        |_| {},
    )
    .await
}

fn tiers(list: &Value) -> Vec<(String, String)> {
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    list["logs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (text(entry, "title"), text(entry, "storageStatus")))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(title, tier)| ((*title).to_owned(), (*tier).to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_1_10_45_and_100_days_are_hot_warm_cold_and_deleted() {
    let app = app().await;
    let (ada, admin) = (app.person("ada@example.org").await, app.admin().await);
    let conversation = ada.begins().await;
    let mut oldest = Value::Null;
    for (title, wait) in [
        ("100 days", 55),
        ("45 days", 35),
        ("10 days", 9),
        ("1 day", 1),
    ] {
        let entry = ada
            .creates(json!({
                "logType": "info", "status": "info", "title": title, "conversationId": conversation,
                "details": "x"
            }))
            .await;
        oldest = if oldest.is_null() { entry } else { oldest };
        app.app.clock.advance(wait * DAY_MS);
    }
    let plan = admin
        .posts(
            "/api/work-log/cleanup?dryRun=true&confirmClock=true",
            json!({}),
        )
        .await
        .expect(200);
    assert_eq!(plan["plan"].as_array().unwrap().len(), 3, "{plan}");
    let report = admin
        .posts("/api/work-log/cleanup?confirmClock=true", json!({}))
        .await
        .expect(200);
    for name in ["movedToWarm", "movedToCold", "deleted"] {
        assert_eq!(
            (&report["stats"][name], &plan["stats"][name]),
            (&json!(1), &json!(1)),
            "{name}"
        );
    }
    let listed = ada.lists(&format!("conversationId={conversation}")).await;
    let expected = pairs(&[("1 day", "hot"), ("10 days", "warm"), ("45 days", "cold")]);
    assert_eq!(tiers(&listed), expected);
    ada.gets(&address_of(&oldest)).await.expect(404);
    let cold = &listed["logs"][2];
    assert_eq!(
        &ada.gets(&address_of(cold)).await.expect(200)["log"],
        cold,
        "the entry is the same opened and listed"
    );
    assert_eq!(
        tiers(&ada.lists("storageStatus=cold").await),
        pairs(&[("45 days", "cold")])
    );
    let page = ada.lists("limit=2").await;
    let rest = ada
        .lists(&format!(
            "limit=2&before={}",
            page["next"].as_str().unwrap()
        ))
        .await;
    assert_eq!(
        [tiers(&page), tiers(&rest)].concat(),
        expected,
        "one cursor over all tiers"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_entry_can_be_kept_changed_and_deleted() {
    let app = app().await;
    let (ada, admin, bob) = (
        app.person("ada@example.org").await,
        app.admin().await,
        app.person("bob@example.org").await,
    );
    let (kept, deleted) = (ada.notes("kept").await, ada.notes("gone").await);
    app.app.clock.advance(40 * DAY_MS);
    let run = async || {
        admin
            .posts("/api/work-log/cleanup?confirmClock=true", json!({}))
            .await
            .expect(200)
    };
    run().await;
    bob.sends_patch(&address_of(&kept), json!({"kept": true}))
        .await
        .expect(404);
    bob.deletes(&address_of(&kept)).await.expect(404);
    assert_eq!(
        ada.patches(&kept, json!({"kept": true, "title": "kept for good"}))
            .await["expiresAt"],
        Value::Null
    );
    let receipt = ada.deletes(&address_of(&deleted)).await.expect(200)["receipt"].clone();
    assert_eq!(
        (&receipt["archived"], &receipt["objectsPending"]),
        (&json!(1), &json!(0)),
        "{receipt}"
    );
    run().await;
    app.app.clock.advance(400 * DAY_MS);
    run().await;
    assert_eq!(
        tiers(&ada.lists("").await),
        pairs(&[("kept for good", "archived")])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_conversation_is_marked_and_its_deletion_returns_a_receipt() {
    let app = app().await;
    let (ada, admin) = (app.person("ada@example.org").await, app.admin().await);
    let conversation = ada.begins().await;
    let address = format!("/api/conversations/{conversation}");
    ada.creates(
        json!({"logType": "info", "status": "info", "title": "x", "conversationId": conversation}),
    )
    .await;
    assert_eq!(ada.reads(&conversation).await["kept"], json!(false));
    ada.sends_patch(&address, json!({"kept": true}))
        .await
        .expect(200);
    assert_eq!(ada.reads(&conversation).await["kept"], json!(true));
    assert_eq!(
        ada.sends_patch(&address, json!({})).await.refused_fields(),
        ["title"]
    );
    app.app.clock.advance(200 * DAY_MS);
    admin
        .posts("/api/work-log/cleanup?confirmClock=true", json!({}))
        .await
        .expect(200);
    let step = ada
        .creates(json!({
            "logType": "info", "status": "info", "title": "a step",
            "parentId": ada.entries(&conversation).await[0]["id"]
        }))
        .await;
    assert!(step["parentId"].is_string(), "a parent may be archived");
    let receipt = ada.deletes(&address).await.expect(200)["receipt"].clone();
    assert_eq!(
        [
            &receipt["archived"],
            &receipt["rows"],
            &receipt["objects"],
            &receipt["objectsPending"]
        ],
        [&json!(1), &json!(0), &json!(1), &json!(0)],
        "{receipt}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_of_a_large_archive_is_paged_and_complete() {
    let app = app().await;
    let (ada, admin) = (app.person("ada@example.org").await, app.admin().await);
    let (mut conversations, mut created) = (Vec::new(), Vec::new());
    for _ in 0..12 {
        conversations.push(ada.begins().await);
    }
    for round in 0..2 {
        for conversation in &conversations {
            let note = json!({
                "logType": "info", "status": "info", "title": format!("needle {round}"),
                "conversationId": conversation
            });
            created.push(ada.creates(note).await["id"].clone());
            app.app.clock.advance(60_000);
        }
    }
    created.reverse();
    app.app.clock.advance(40 * DAY_MS);
    let report = admin
        .posts("/api/work-log/cleanup?confirmClock=true", json!({}))
        .await
        .expect(200);
    assert_eq!(report["stats"]["objectsWritten"], json!(12), "{report}");
    let (mut found, mut before, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = ada.lists(&format!("q=needle&archive=true{before}")).await;
        assert_eq!(page["complete"], json!(true), "{page}");
        found.extend(
            page["logs"]
                .as_array()
                .unwrap()
                .iter()
                .map(|log| log["id"].clone()),
        );
        pages += 1;
        let Some(next) = page["next"].as_str() else {
            break;
        };
        before = format!("&before={next}");
    }
    assert_eq!((found, pages > 1), (created, true));
    let page = ada.gets("/history?q=nothing&archive=1").await.text();
    assert!(
        page.contains("Nothing was found so far") && page.contains("Older"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_and_the_scheduler_start_runs() {
    let app = app().await;
    let (ada, anonymous) = (app.person("ada@example.org").await, app.anonymous());
    ada.posts("/api/work-log/cleanup", json!({}))
        .await
        .expect(403);
    anonymous
        .posts("/api/work-log/cleanup", json!({}))
        .await
        .expect(401);
    for (secret, status) in [(SECRET, 200), ("another secret", 401), ("", 401)] {
        for method in [Method::GET, Method::POST] {
            let request = anonymous
                .request(method, "/api/work-log/cleanup")
                .header("authorization", format!("Bearer {secret}"));
            assert_eq!(request.send().await.unwrap().status(), status, "{secret}");
        }
    }
    let confirm = anonymous
        .request(Method::POST, "/api/work-log/cleanup?confirmClock=true")
        .header("authorization", format!("Bearer {SECRET}"));
    assert_eq!(
        confirm.send().await.unwrap().status(),
        403,
        "a scheduler cannot confirm the clock"
    );
    let foreign = app
        .browser("eve@example.org")
        .await
        .request(Method::GET, "/api/work-log/cleanup")
        .header("sec-fetch-site", "cross-site");
    assert_eq!(
        foreign.send().await.unwrap().status(),
        403,
        "another site cannot start a run"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_only_admins_start_runs() {
    let app = TestApp::with(
        |config| {
            config.retention.policy = Policy {
                hot_days: 1,
                warm_days: 2,
                cold_days: 3,
            }
        },
        |_| {},
    )
    .await;
    let empty_secret = app
        .anonymous()
        .request(Method::POST, "/api/work-log/cleanup")
        .header("authorization", "Bearer ");
    assert_eq!(empty_secret.send().await.unwrap().status(), 401);
    let (ada, admin) = (app.person("ada@example.org").await, app.admin().await);
    let entry = ada.notes("soon gone").await;
    assert_eq!(
        entry["expiresAt"],
        json!("2026-11-27T09:30:00.000Z"),
        "by the settings"
    );
    app.app.clock.advance(3 * DAY_MS);
    assert_eq!(
        admin
            .gets("/api/work-log/cleanup?confirmClock=true")
            .await
            .refused_fields(),
        ["confirmClock"],
        "a link cannot confirm the clock"
    );
    admin
        .posts("/api/work-log/cleanup?confirmClock=true", json!({}))
        .await
        .expect(200);
    assert_eq!(ada.lists("").await["count"], json!(0));
    let metrics = app.metrics().await.text();
    assert!(
        metrics.contains(r#"holly_retention_lag_seconds{tier="hot"} 0"#),
        "{metrics}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_beside_another_does_nothing() {
    let app = app().await;
    let admin = app.admin().await;
    let now = app.app.clock.now();
    let mut tx = app.app.store.begin().await.unwrap();
    lease::take(&mut tx, now, now.plus(60_000))
        .await
        .unwrap()
        .unwrap();
    tx.commit().await.unwrap();
    let report = admin
        .posts("/api/work-log/cleanup", json!({}))
        .await
        .expect(200);
    assert_eq!(report["stats"]["busy"], true, "{report}");
    let answer = admin.submits("/fn/retention/run", "/stats", &[]).await;
    let page = admin.follows(&answer).await.text();
    assert!(page.contains("Another run is in progress"), "{page}");
    assert_eq!(
        worker::run_if_due(&app.app.retention_worker(), None)
            .await
            .unwrap(),
        None,
        "it retries and does not wait an hour"
    );
    app.app.clock.advance(61_000);
    assert_eq!(
        worker::run_if_due(&app.app.retention_worker(), None)
            .await
            .unwrap(),
        Some(app.app.clock.now())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_report_waiting_deletions_of_the_newest_run() {
    let app = app().await;
    let (ada, admin) = (app.person("ada@example.org").await, app.admin().await);
    ada.notes("x").await;
    let waiting_metric = async || {
        let metrics = app.metrics().await.text();
        metrics
            .lines()
            .find_map(|line| line.strip_prefix("holly_retention_waiting "))
            .unwrap()
            .to_owned()
    };
    admin
        .posts("/api/work-log/cleanup", json!({}))
        .await
        .expect(200);
    assert_eq!(waiting_metric().await, "0");
    app.app.clock.advance(100 * DAY_MS);
    admin
        .posts("/api/work-log/cleanup", json!({}))
        .await
        .expect(200);
    assert_eq!(waiting_metric().await, "1");
    admin
        .posts("/api/work-log/cleanup?confirmClock=true", json!({}))
        .await
        .expect(200);
    assert_eq!(waiting_metric().await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incomplete_export_is_refused_before_it_starts() {
    let app = app().await;
    let (ada, bob, admin) = (
        app.person("ada@example.org").await,
        app.person("bob@example.org").await,
        app.admin().await,
    );
    let entry = ada.notes("old").await;
    app.app.clock.advance(40 * DAY_MS);
    admin
        .posts("/api/work-log/cleanup?confirmClock=true", json!({}))
        .await
        .expect(200);
    let (tiers, now) = (&app.app.tiers, app.app.clock.now());
    let key = objects::of_user(&mut app.app.store.read().await.unwrap(), ada.id, None)
        .await
        .unwrap()
        .remove(0)
        .key;
    let intact = tiers.archive.get(&key).await.unwrap().to_vec();
    tiers
        .archive
        .replace(&key, intact[..9].to_vec())
        .await
        .unwrap();
    ada.gets(&address_of(&entry)).await.expect(503);
    damage::record(tiers, now).await.unwrap();
    let refused = ada.gets("/api/work-log/export").await.expect(503);
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("damaged or missing"),
        "{refused}"
    );
    assert_eq!(bob.gets("/api/work-log/export").await.status, 200);
    tiers.archive.replace(&key, intact).await.unwrap();
    damage::check(tiers, now, &key).await.unwrap();
    assert!(
        ada.gets("/api/work-log/export")
            .await
            .text()
            .contains("old")
    );
}
