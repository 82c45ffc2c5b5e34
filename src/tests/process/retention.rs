//! Retention as a process: runs that are killed lose and duplicate nothing, and the commands work.

use super::{
    home::{Caller, Home, in_days, kill_after},
    hunt::cases,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::Path, process::Stdio};

const ENTRIES: usize = 240;
/// Numbers of statements after which a run is killed.
const KILL_AFTER: [usize; 6] = [12, 40, 70, 25, 55, 100];

async fn create_entries(caller: &Caller, count: usize) {
    for n in 0..count {
        let body = json!({
            "logType": "info", "status": "info",
            "title": format!("entry {n}"), "details": "some text ".repeat(30),
        });
        let request = caller
            .request(Method::POST, "/api/work-log/create")
            .json(&body);
        assert_eq!(caller.tries(request).await.unwrap().0, 201);
    }
}

/// Title and details of every entry, in any tier.
async fn texts(caller: &Caller) -> BTreeMap<String, (Value, Value)> {
    let entries = caller.entries().await;
    let count = entries.len();
    let texts: BTreeMap<_, _> = entries
        .into_iter()
        .map(|entry| {
            (
                entry["id"].to_string(),
                (entry["title"].clone(), entry["details"].clone()),
            )
        })
        .collect();
    assert_eq!(texts.len(), count, "an entry is listed twice");
    texts
}

fn objects(folder: &Path) -> Vec<std::path::PathBuf> {
    let Ok(files) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let objects_in = |file: std::fs::DirEntry| {
        if file.path().is_dir() {
            objects(&file.path())
        } else {
            vec![file.path()]
        }
    };
    files.flat_map(|file| objects_in(file.unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_killed_at_any_time_lose_and_duplicate_nothing() {
    let home = Home::with_user();
    let server = home.serve();
    create_entries(&server.caller, ENTRIES).await;
    let expected = texts(&server.caller).await;
    server.terminate().await;
    let run = |days: i64| {
        let mut command = home.command();
        command
            .args([
                "retention",
                "run",
                "--allow-future",
                "--as-of",
                &in_days(days).to_string(),
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    };
    let (each, mut killed) = (cases(3, 12) as usize, 0);
    for kill in 0..2 * each {
        let days = if kill < each { 10 } else { 40 };
        let statements = KILL_AFTER[kill % each % KILL_AFTER.len()];
        killed += usize::from(kill_after(&mut run(days), statements));
        if kill == 2 * each - 1 {
            // the next command takes over the lease
            break;
        }
        // the server takes over the lease and reads what the killed run left
        let server = home.serve();
        assert_eq!(texts(&server.caller).await, expected, "after kill {kill}");
        server.terminate().await;
    }
    assert!(killed > each, "only {killed} of {} were killed", 2 * each);
    assert!(run(40).status().unwrap().success());
    let server = home.serve();
    assert_eq!(texts(&server.caller).await, expected);
    assert!(
        server
            .caller
            .entries()
            .await
            .iter()
            .all(|entry| entry["storageStatus"] == "cold")
    );
    server.terminate().await;
    assert!(run(91).status().unwrap().success());
    let server = home.serve();
    assert!(server.caller.entries().await.is_empty());
    assert_eq!(
        objects(&home.data().join("archive")),
        Vec::<std::path::PathBuf>::new()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_commands_plan_run_cat_backup_and_restore_work() {
    let home = Home::with_user();
    let server = home.serve();
    create_entries(&server.caller, 3).await;
    server.terminate().await;
    let text = |arguments: &[&str]| {
        let output = home.run(arguments, "");
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let later = in_days(40).to_string();
    let (succeeded, plan) = text(&["retention", "plan", "--as-of", &later]);
    assert!(
        succeeded && plan.contains("move 3 rows outside conversations"),
        "{plan}"
    );
    let (ran, refused) = text(&["retention", "run", "--as-of", &later]);
    assert!(!ran && refused.contains("--allow-future"), "{refused}");
    let (ran, report) = text(&["retention", "run", "--as-of", &later, "--allow-future"]);
    assert!(ran && report.contains("\"movedToCold\": 3"), "{report}");
    let archive = home.data().join("archive");
    let object = objects(&archive).remove(0);
    let key = object
        .strip_prefix(archive.canonicalize().unwrap_or(archive.clone()))
        .unwrap_or(object.strip_prefix(&archive).unwrap());
    let (printed, lines) = text(&["archive", "cat", key.to_str().unwrap()]);
    assert!(
        printed && lines.lines().count() == 4 && lines.contains("\"schema\":\"holly.work-log/1\""),
        "{lines}"
    );
    let content = std::fs::read(&object).unwrap();
    std::fs::write(&object, &content[..content.len() / 2]).unwrap();
    let (printed, why) = text(&["archive", "cat", key.to_str().unwrap()]);
    assert!(!printed && why.contains("is damaged"), "{why}");
    std::fs::write(&object, &content).unwrap();
    assert!(
        text(&["archive", "cat", key.to_str().unwrap()]).0,
        "the object is intact again"
    );
    let (given_up, why) = text(&["archive", "give-up", key.to_str().unwrap()]);
    assert!(!given_up && why.contains("it is not given up"), "{why}");

    let server = home.serve();
    create_entries(&server.caller, 1).await;
    server.terminate().await;
    let copy = home.data().join("copy.db");
    let copy = copy.to_str().unwrap();
    assert!(
        text(&["backup", copy]).0 && !text(&["backup", copy]).0,
        "a backup never overwrites"
    );
    let server = home.serve();
    // the newest entry is a row, the one before it is in the archive
    let deleted: Vec<Value> = server.caller.entries().await[..2]
        .iter()
        .map(|entry| entry["id"].clone())
        .collect();
    let cursor = server.caller.gets("/api/work-log/list").await["cursor"].clone();
    for id in &deleted {
        let request = server.caller.request(
            Method::DELETE,
            &format!("/api/work-log/{}", id.as_str().unwrap()),
        );
        assert_eq!(server.caller.tries(request).await.unwrap().0, 200);
    }
    let (restored, why) = text(&["restore", copy]);
    assert!(!restored && why.contains("another holly"), "{why}");
    server.terminate().await;
    let (restored, output) = text(&["restore", copy]);
    assert!(
        restored && output.contains("1 objects added to the manifest"),
        "the object was rewritten since the backup: {output}"
    );
    let server = home.serve();
    let ids: Vec<Value> = server
        .caller
        .entries()
        .await
        .into_iter()
        .map(|entry| entry["id"].clone())
        .collect();
    assert!(
        ids.len() == 2 && deleted.iter().all(|id| !ids.contains(id)),
        "{ids:?}"
    );
    assert_ne!(
        server.caller.gets("/api/work-log/list").await["cursor"],
        cursor,
        "cursors from before the restore must be invalid"
    );
    server.terminate().await;

    // the same with the database file restored by hand
    let database = home.data().join("holly.db");
    for ending in ["-wal", "-shm"] {
        _ = std::fs::remove_file(home.data().join(format!("holly.db{ending}")));
    }
    std::fs::copy(copy, &database).unwrap();
    std::fs::rename(&archive, home.data().join("moved-archive")).unwrap();
    let (restored, why) = text(&["restore", "--in-place"]);
    assert!(
        !restored && why.contains("restore the archive first"),
        "{why}"
    );
    std::fs::remove_dir_all(&archive).unwrap();
    std::fs::rename(home.data().join("moved-archive"), &archive).unwrap();
    let (restored, output) = text(&["restore", "--in-place"]);
    assert!(restored && output.contains("1 erased again"), "{output}");
    let server = home.serve();
    let found: Vec<Value> = server
        .caller
        .entries()
        .await
        .into_iter()
        .map(|entry| entry["id"].clone())
        .collect();
    assert_eq!(found, ids);
    server.terminate().await;
    std::fs::remove_file(&database).unwrap();
    let (backed_up, why) = text(&["backup", home.data().join("nothing.db").to_str().unwrap()]);
    assert!(!backed_up && why.contains("there is no database"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledged_deletion_survives_a_kill_in_every_tier() {
    let home = Home::with_user();
    let server = home.serve();
    create_entries(&server.caller, 2).await;
    server.terminate().await;
    home.run_retention(40);
    let server = home.serve();
    create_entries(&server.caller, 2).await;
    let entries = server.caller.entries().await;
    let tiers: Vec<&str> = entries
        .iter()
        .map(|entry| entry["storageStatus"].as_str().unwrap())
        .collect();
    assert_eq!(tiers, ["hot", "hot", "cold", "cold"]);
    for n in [0, 2] {
        let path = format!("/api/work-log/{}", entries[n]["id"].as_str().unwrap());
        assert_eq!(
            server
                .caller
                .tries(server.caller.request(Method::DELETE, &path))
                .await
                .unwrap()
                .0,
            200
        );
    }
    server.kill();
    let server = home.serve();
    let remaining: Vec<Value> = server
        .caller
        .entries()
        .await
        .into_iter()
        .map(|entry| entry["id"].clone())
        .collect();
    assert_eq!(
        remaining,
        [entries[1]["id"].clone(), entries[3]["id"].clone()]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_deleted_by_a_command_is_gone_from_the_files_of_a_running_server() {
    let home = Home::with_user();
    let server = home.serve();
    create_entries(&server.caller, 3).await;
    let files_with_text = || {
        let files = std::fs::read_dir(home.data())
            .unwrap()
            .map(|file| file.unwrap().path());
        let contains_text = |file: &std::path::PathBuf| {
            file.is_file()
                && String::from_utf8_lossy(&std::fs::read(file).unwrap())
                    .contains("some text some text")
        };
        files.filter(contains_text).collect::<Vec<_>>()
    };
    assert!(!files_with_text().is_empty());
    home.run_retention(91);
    assert!(server.caller.entries().await.is_empty());
    assert_eq!(files_with_text(), Vec::<std::path::PathBuf>::new());
}
