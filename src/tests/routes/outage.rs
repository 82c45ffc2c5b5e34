//! The archive does not answer: readers see what there is, where something is missing, and how to
//! try again; whoever must have all is refused.

use crate::{
    domain::{Status, time::DAY_MS},
    server::{
        archive::{Archive, Tiers, export::PAGE},
        retention::damage,
        work_log::{Origin, create_work_log},
    },
    tests::support::{Person, TestApp, address_of, faulty_store::Liar, people::draft},
};
use object_store::memory::InMemory;
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Somebody whose conversation has two entries in the archive and one that is hot; the archive's
/// switch, and the entries.
async fn reader() -> (TestApp, Person, Liar, String, Vec<Value>) {
    let liar = Liar::before(Arc::new(InMemory::new()), 1);
    let archive = Archive::over(Arc::new(liar.clone()), "", Duration::from_secs(5));
    let app = TestApp::with(|_| {}, |app| app.tiers.archive = archive).await;
    let (ada, admin) = (app.person("ada@example.org").await, app.admin().await);
    let talk = ada.begins().await;
    let note = |title: &str| json!({"logType": "info", "status": "info", "title": title, "conversationId": talk});
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
    (app, ada, liar, talk, entries)
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
async fn a_list_shows_what_there_is_and_says_what_is_missing() {
    let (_app, ada, liar, talk, entries) = reader().await;
    liar.is_away(true);
    let listed = ada.lists(&format!("conversationId={talk}")).await;
    assert_eq!(
        (titles(&listed), &listed["complete"]),
        (vec!["hot one"], &json!(false))
    );
    let gap = json!({"from": entries[0]["id"], "to": entries[1]["id"], "entries": 2, "reason": "unreachable"});
    assert_eq!(listed["gaps"], json!([gap]));
    let first = ada.lists("limit=1").await;
    assert_eq!(
        (&first["complete"], &first["gaps"]),
        (&json!(true), &json!([])),
        "a page that does not reach into the archive is whole"
    );
    liar.is_away(false);
    let listed = ada.lists(&format!("conversationId={talk}")).await;
    assert_eq!(
        (titles(&listed), &listed["complete"]),
        (vec!["hot one", "cold two", "cold one"], &json!(true))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_has_a_sentence_where_the_archived_entries_would_be_and_a_way_to_try_again() {
    let (_app, ada, liar, talk, entries) = reader().await;
    liar.is_away(true);
    for address in [format!("/c/{talk}"), "/history".to_owned()] {
        let page = ada.gets(&address).await;
        let html = page.text();
        assert_eq!(page.status, 200, "{address}");
        let (gap, hot) = (
            html.find("2 older entries are in the archive, which does not answer"),
            html.find(">hot one<"),
        );
        assert!(
            gap.is_some() && hot.is_some() && html.contains("<a href=\"\">Try again</a>"),
            "{address}: {html}"
        );
        assert_eq!(
            gap < hot,
            address.starts_with("/c/"),
            "it stands where they would stand: {address}"
        );
    }
    let around = ada
        .gets(&format!(
            "/c/{talk}?around={}",
            entries[0]["id"].as_str().unwrap()
        ))
        .await
        .text();
    assert!(
        !around.contains("no longer there"),
        "what cannot be read is not gone: {around}"
    );
    ada.gets(&format!("/api/conversations/{talk}"))
        .await
        .expect(200);
    liar.is_away(false);
    let html = ada.gets(&format!("/c/{talk}")).await.text();
    assert!(
        html.contains(">cold one<") && !html.contains("class=\"gap\""),
        "{html}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_be_whole_is_refused() {
    let (app, ada, liar, talk, entries) = reader().await;
    liar.is_away(true);
    ada.gets(&address_of(&entries[0])).await.expect(503);
    ada.deletes(&address_of(&entries[0])).await.expect(503);
    for query in [
        "",
        "&messages=true",
        "&format=html",
        "&format=html&messages=false",
    ] {
        let told = ada
            .gets(&format!(
                "/api/work-log/export?conversationId={talk}{query}"
            ))
            .await
            .expect(503);
        assert!(
            told["detail"].as_str().unwrap().contains("does not answer"),
            "{told}"
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
    // the connection may break before its first bytes are on their way
    let whole = async { request.send().await?.error_for_status()?.bytes().await };
    let broken = whole
        .await
        .expect_err("an export whose end is missing breaks off");
    assert!(!broken.is_status(), "it had begun: {broken}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_cut_short_is_told_to_admins_until_it_is_whole_again() {
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
    let told = async || {
        // a task of the server does it as soon as something is found
        damage::write_down(&app.app.tiers, app.app.clock.now())
            .await
            .unwrap();
        let metrics = app.nobody().gets("/metrics").await.text();
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
    let (not_told, is_told) = ((false, "0".to_owned()), (true, "1".to_owned()));
    assert_eq!(told().await, not_told);
    std::fs::write(&object, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(ada.lists("").await["gaps"][0]["reason"], "unreadable");
    assert_eq!(told().await, is_told, "a reader found it");
    run().await;
    assert_eq!(told().await, is_told, "a run finds it again");
    std::fs::write(&object, &whole).unwrap();
    assert_eq!(ada.lists("").await["complete"], true);
    assert_eq!(told().await, not_told, "a reader found it whole");
    std::fs::remove_file(&object).unwrap();
    let away = Tiers {
        archive: Archive::open(&app.app.config.retention.archive_url).unwrap(),
        ..app.app.tiers.clone()
    };
    assert!(
        damage::check(&away, app.app.clock.now(), &key)
            .await
            .is_err(),
        "another process looks"
    );
    assert_eq!(told().await, is_told, "it is missing");
    std::fs::write(&object, &whole).unwrap();
    run().await;
    assert_eq!(told().await, not_told, "a run found it whole");
}

/// The files under a folder that hold objects.
fn objects(folder: &Path) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![folder.join("work-log")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path)
            } else {
                files.push(path)
            }
        }
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_that_are_gone_are_told_as_unreadable() {
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
            .contains("cannot be read: an admin should look at it")
    );
}
