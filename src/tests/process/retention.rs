//! Retention as a process: killed at any moment it loses nothing and doubles nothing; its commands
//! do what they say.

use super::{
    home::{Caller, Home, in_days, kill_after},
    hunt::cases,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::Path, process::Stdio};

const ENTRIES: usize = 240;
/// After how many statements a run is killed.
const MOMENTS: [usize; 6] = [12, 40, 70, 25, 55, 100];

async fn writes(caller: &Caller, count: usize) {
    for n in 0..count {
        let body = json!({"logType": "info", "status": "info", "title": format!("entry {n}"), "details": "some text ".repeat(30)});
        let request = caller
            .request(Method::POST, "/api/work-log/create")
            .json(&body);
        assert_eq!(caller.tries(request).await.unwrap().0, 201);
    }
}

/// What an entry says, wherever it lies.
async fn said(caller: &Caller) -> BTreeMap<String, (Value, Value)> {
    let entries = caller.entries().await;
    let count = entries.len();
    let said: BTreeMap<_, _> = entries
        .into_iter()
        .map(|entry| {
            (
                entry["id"].to_string(),
                (entry["title"].clone(), entry["details"].clone()),
            )
        })
        .collect();
    assert_eq!(said.len(), count, "an entry is there twice");
    said
}

fn objects(folder: &Path) -> Vec<std::path::PathBuf> {
    let Ok(files) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let of = |file: std::fs::DirEntry| {
        if file.path().is_dir() {
            objects(&file.path())
        } else {
            vec![file.path()]
        }
    };
    files.flat_map(|file| of(file.unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_killed_at_any_moment_lose_nothing_and_double_nothing() {
    let home = Home::with_a_person();
    let server = home.serve();
    writes(&server.caller, ENTRIES).await;
    let expected = said(&server.caller).await;
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
        let moment = MOMENTS[kill % each % MOMENTS.len()];
        killed += usize::from(kill_after(&mut run(days), moment));
        if kill == 2 * each - 1 {
            // the next command takes the lease from the dead
            break;
        }
        // the server takes the lease from the dead, and reads whatever there is
        let server = home.serve();
        assert_eq!(said(&server.caller).await, expected, "after kill {kill}");
        server.terminate().await;
    }
    assert!(killed > each, "only {killed} of {} were killed", 2 * each);
    assert!(run(40).status().unwrap().success());
    let server = home.serve();
    assert_eq!(said(&server.caller).await, expected);
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
async fn the_commands_plan_run_print_back_up_and_restore() {
    let home = Home::with_a_person();
    let server = home.serve();
    writes(&server.caller, 3).await;
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
    let (planned, plan) = text(&["retention", "plan", "--as-of", &later]);
    assert!(
        planned && plan.contains("move 3 rows outside conversations"),
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
    let whole = std::fs::read(&object).unwrap();
    std::fs::write(&object, &whole[..whole.len() / 2]).unwrap();
    let (printed, why) = text(&["archive", "cat", key.to_str().unwrap()]);
    assert!(!printed && why.contains("is damaged"), "{why}");
    std::fs::write(&object, &whole).unwrap();
    assert!(
        text(&["archive", "cat", key.to_str().unwrap()]).0,
        "it was put back"
    );
    let (given_up, why) = text(&["archive", "give-up", key.to_str().unwrap()]);
    assert!(!given_up && why.contains("nothing is given up"), "{why}");

    let server = home.serve();
    writes(&server.caller, 1).await;
    server.terminate().await;
    let copy = home.data().join("copy.db");
    let copy = copy.to_str().unwrap();
    assert!(
        text(&["backup", copy]).0 && !text(&["backup", copy]).0,
        "a backup never overwrites"
    );
    let server = home.serve();
    // the newest is a row, the one before it lies in the archive
    let gone: Vec<Value> = server.caller.entries().await[..2]
        .iter()
        .map(|entry| entry["id"].clone())
        .collect();
    let cursor = server.caller.gets("/api/work-log/list").await["cursor"].clone();
    for id in &gone {
        let request = server.caller.request(
            Method::DELETE,
            &format!("/api/work-log/{}", id.as_str().unwrap()),
        );
        assert_eq!(server.caller.tries(request).await.unwrap().0, 200);
    }
    let (restored, why) = text(&["restore", copy]);
    assert!(!restored && why.contains("another holly"), "{why}");
    server.terminate().await;
    let (restored, said) = text(&["restore", copy]);
    assert!(
        restored && said.contains("1 objects listed anew"),
        "the object was rewritten since the backup: {said}"
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
        ids.len() == 2 && gone.iter().all(|id| !ids.contains(id)),
        "{ids:?}"
    );
    assert_ne!(
        server.caller.gets("/api/work-log/list").await["cursor"],
        cursor,
        "cursors of the life before are not continued"
    );
    server.terminate().await;

    // the same by hand, as with a database that Holly does not put back itself
    let database = home.data().join("holly.db");
    for ending in ["-wal", "-shm"] {
        _ = std::fs::remove_file(home.data().join(format!("holly.db{ending}")));
    }
    std::fs::copy(copy, &database).unwrap();
    std::fs::rename(&archive, home.data().join("elsewhere")).unwrap();
    let (restored, why) = text(&["restore", "--in-place"]);
    assert!(
        !restored && why.contains("put the archive back first"),
        "{why}"
    );
    std::fs::remove_dir_all(&archive).unwrap();
    std::fs::rename(home.data().join("elsewhere"), &archive).unwrap();
    let (restored, said) = text(&["restore", "--in-place"]);
    assert!(restored && said.contains("1 erased again"), "{said}");
    let server = home.serve();
    let there: Vec<Value> = server
        .caller
        .entries()
        .await
        .into_iter()
        .map(|entry| entry["id"].clone())
        .collect();
    assert_eq!(there, ids);
    server.terminate().await;
    std::fs::remove_file(&database).unwrap();
    let (backed_up, why) = text(&["backup", home.data().join("nothing.db").to_str().unwrap()]);
    assert!(!backed_up && why.contains("there is no database"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_that_was_answered_survives_a_kill_in_every_tier() {
    let home = Home::with_a_person();
    let server = home.serve();
    writes(&server.caller, 2).await;
    server.terminate().await;
    home.run_retention(40);
    let server = home.serve();
    writes(&server.caller, 2).await;
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
    let left: Vec<Value> = server
        .caller
        .entries()
        .await
        .into_iter()
        .map(|entry| entry["id"].clone())
        .collect();
    assert_eq!(left, [entries[1]["id"].clone(), entries[3]["id"].clone()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_command_deletes_beside_a_server_is_in_no_file_of_the_database() {
    let home = Home::with_a_person();
    let server = home.serve();
    writes(&server.caller, 3).await;
    let left = || {
        let files = std::fs::read_dir(home.data())
            .unwrap()
            .map(|file| file.unwrap().path());
        let with_text = |file: &std::path::PathBuf| {
            file.is_file()
                && String::from_utf8_lossy(&std::fs::read(file).unwrap())
                    .contains("some text some text")
        };
        files.filter(with_text).collect::<Vec<_>>()
    };
    assert!(!left().is_empty());
    home.run_retention(91);
    assert!(server.caller.entries().await.is_empty());
    assert_eq!(left(), Vec::<std::path::PathBuf>::new());
}
