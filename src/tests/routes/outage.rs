//! With the archive unreachable, readers get what is available, see where entries are missing and
//! can try again; requests that need everything are refused.

use crate::{
    domain::{Status, time::DAY_MS},
    server::{
        archive::{Archive, Tiers, export::PAGE},
        retention::damage,
        work_log::{Origin, create_work_log},
    },
    tests::support::{
        Person, TestApp, address_of, faulty_store::FaultyStore, folders::files_below, people::draft,
    },
};
use object_store::memory::InMemory;
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// A user whose conversation has two archived entries and a hot one; the archive's fault switch,
/// the conversation and the entries.
async fn with_archived_entries() -> (TestApp, Person, FaultyStore, String, Vec<Value>) {
    let faults = FaultyStore::before(Arc::new(InMemory::new()), 1);
    let archive = Archive::with_store(Arc::new(faults.clone()), "", Duration::from_secs(5));
    let app = TestApp::with(|_| {}, |app| app.tiers.archive = archive).await;
    let (ada, admin) = (app.person("ada@example.org").await, app.admin().await);
    let conversation = ada.begins().await;
    let note = |title: &str| {
        json!({
            "logType": "info", "status": "info", "title": title, "conversationId": conversation
        })
    };
    let mut entries = vec![
        ada.creates(note("cold one")).await,
        ada.creates(note("cold two")).await,
    ];
    app.app.clock.advance(40 * DAY_MS);
    admin
        .posts("/api/work-log/cleanup?confirmClock=true", json!({}))
        .await
        .expect(200);
    entries.push(ada.creates(note("hot one")).await);
    (app, ada, faults, conversation, entries)
}

fn titles(list: &Value) -> Vec<&str> {
    list["logs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|log| log["title"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_partial_and_reports_its_gaps() {
    let (_app, ada, faults, conversation, entries) = with_archived_entries().await;
    faults.set_unreachable(true);
    let listed = ada.lists(&format!("conversationId={conversation}")).await;
    assert_eq!(
        (titles(&listed), &listed["complete"]),
        (vec!["hot one"], &json!(false))
    );
    let gap = json!({
        "from": entries[0]["id"], "to": entries[1]["id"], "entries": 2, "reason": "unreachable"
    });
    assert_eq!(listed["gaps"], json!([gap]));
    let first = ada.lists("limit=1").await;
    assert_eq!(
        (&first["complete"], &first["gaps"]),
        (&json!(true), &json!([])),
        "a page without archived entries is complete"
    );
    faults.set_unreachable(false);
    let listed = ada.lists(&format!("conversationId={conversation}")).await;
    assert_eq!(
        (titles(&listed), &listed["complete"]),
        (vec!["hot one", "cold two", "cold one"], &json!(true))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_a_retry_notice_in_place_of_archived_entries() {
    let (_app, ada, faults, conversation, entries) = with_archived_entries().await;
    faults.set_unreachable(true);
    for address in [format!("/c/{conversation}"), "/history".to_owned()] {
        let page = ada.gets(&address).await;
        let html = page.text();
        assert_eq!(page.status, 200, "{address}");
        let (gap, hot) = (
            html.find("2 older entries are in the archive, which is unreachable"),
            html.find(">hot one<"),
        );
        assert!(
            gap.is_some() && hot.is_some() && html.contains("<a href=\"\">Try again</a>"),
            "{address}: {html}"
        );
        assert_eq!(
            gap < hot,
            address.starts_with("/c/"),
            "the notice is where the entries would be: {address}"
        );
    }
    let around = ada
        .gets(&format!(
            "/c/{conversation}?around={}",
            entries[0]["id"].as_str().unwrap()
        ))
        .await
        .text();
    assert!(
        !around.contains("no longer there"),
        "unreadable entries are not reported as deleted: {around}"
    );
    ada.gets(&format!("/api/conversations/{conversation}"))
        .await
        .expect(200);
    faults.set_unreachable(false);
    let html = ada.gets(&format!("/c/{conversation}")).await.text();
    assert!(
        html.contains(">cold one<") && !html.contains("class=\"gap\""),
        "{html}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_need_every_entry_are_refused() {
    let (app, ada, faults, conversation, entries) = with_archived_entries().await;
    faults.set_unreachable(true);
    ada.gets(&address_of(&entries[0])).await.expect(503);
    ada.deletes(&address_of(&entries[0])).await.expect(503);
    for query in [
        "",
        "&messages=true",
        "&format=html",
        "&format=html&messages=false",
    ] {
        let problem = ada
            .gets(&format!(
                "/api/work-log/export?conversationId={conversation}{query}"
            ))
            .await
            .expect(503);
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .contains("is unreachable"),
            "{problem}"
        );
    }
    let (store, now) = (&app.app.store, app.app.clock.now());
    for n in 0..PAGE {
        create_work_log(
            store,
            now,
            ada.id,
            draft(Status::Info, &format!("hot {n}")),
            Origin::default(),
        )
        .await
        .unwrap();
    }
    let request = ada.request(reqwest::Method::GET, "/api/work-log/export");
    // the connection may break before the first bytes are sent
    let export = async { request.send().await?.error_for_status()?.bytes().await };
    let error = export
        .await
        .expect_err("an export whose end is missing breaks off");
    assert!(!error.is_status(), "the response had begun: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_object_is_reported_to_admins_until_restored() {
    let app = TestApp::start().await;
    let (ada, admin) = (app.person("ada@example.org").await, app.admin().await);
    ada.notes("cold one").await;
    app.app.clock.advance(40 * DAY_MS);
    let run = async || {
        admin
            .posts("/api/work-log/cleanup?confirmClock=true", json!({}))
            .await
            .expect(200)
    };
    run().await;
    let folder = app
        .app
        .config
        .retention
        .archive_url
        .strip_prefix("file://")
        .unwrap();
    let object = objects(Path::new(folder)).remove(0);
    let (whole, key) = (
        std::fs::read(&object).unwrap(),
        object
            .strip_prefix(folder)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned(),
    );
    let reported = async || {
        // a background task does this once damage is found
        damage::record(&app.app.tiers, app.app.clock.now())
            .await
            .unwrap();
        let metrics = app.metrics().await.text();
        let damaged = metrics
            .lines()
            .find_map(|line| line.strip_prefix("holly_archive_damaged "))
            .unwrap()
            .to_owned();
        (
            admin
                .gets("/stats")
                .await
                .text()
                .contains(&format!("<code>holly archive cat {}", key)),
            damaged,
        )
    };
    let (not_reported, is_reported) = ((false, "0".to_owned()), (true, "1".to_owned()));
    assert_eq!(reported().await, not_reported);
    std::fs::write(&object, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(ada.lists("").await["gaps"][0]["reason"], "unreadable");
    assert_eq!(reported().await, is_reported, "a reader found it");
    run().await;
    assert_eq!(reported().await, is_reported, "a run finds it again");
    std::fs::write(&object, &whole).unwrap();
    assert_eq!(ada.lists("").await["complete"], true);
    assert_eq!(reported().await, not_reported, "a reader found it intact");
    std::fs::remove_file(&object).unwrap();
    let other_process = Tiers {
        archive: Archive::open(&app.app.config.retention.archive_url).unwrap(),
        ..app.app.tiers.clone()
    };
    assert!(
        damage::check(&other_process, app.app.clock.now(), &key)
            .await
            .is_err(),
        "another process checks"
    );
    assert_eq!(reported().await, is_reported, "the object is missing");
    std::fs::write(&object, &whole).unwrap();
    run().await;
    assert_eq!(reported().await, not_reported, "a run found it intact");
}

/// The object files below a folder.
fn objects(folder: &Path) -> Vec<PathBuf> {
    files_below(&folder.join("work-log"))
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_objects_are_reported_as_unreadable() {
    let app = TestApp::start().await;
    let (ada, admin) = (app.person("ada@example.org").await, app.admin().await);
    ada.notes("cold one").await;
    app.app.clock.advance(40 * DAY_MS);
    admin
        .posts("/api/work-log/cleanup?confirmClock=true", json!({}))
        .await
        .expect(200);
    let folder = app
        .app
        .config
        .retention
        .archive_url
        .strip_prefix("file://")
        .unwrap();
    std::fs::remove_dir_all(std::path::Path::new(folder).join("work-log")).unwrap();
    let listed = ada.lists("").await;
    assert_eq!(
        (&listed["complete"], &listed["gaps"][0]["reason"]),
        (&json!(false), &json!("unreadable")),
        "{listed}"
    );
    assert!(
        ada.gets("/history")
            .await
            .text()
            .contains("cannot be read: an admin should check it")
    );
}
