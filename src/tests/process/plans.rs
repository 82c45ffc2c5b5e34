//! How SQLite finds what it is asked for: by an index, not by going through a table that grows with
//! use.

use super::home::{Caller, Home};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row};
use std::{collections::BTreeSet, fs::File};

/// What does not grow with entries: tables of few rows, and indexes of the few rows of a large one
/// that are under way.
const SMALL: [&str; 16] = [
    "CONSTANT ROW",
    "pragma_data_version",
    "retention_policy",
    "retention_runs",
    "retention_holds USING INDEX",
    "archive_holes",
    "archive_objects USING INDEX archive_objects_damaged",
    "holders",
    "holed",
    "doomed_files",
    "due",
    "erasures USING INDEX erasures_to_mirror",
    "sessions",
    "turns USING INDEX turns_by_lease",
    "work_log_stats USING INDEX work_log_stats_by_tier",
    "work_logs USING INDEX work_logs_by_lease",
];

async fn calls(caller: &Caller, method: Method, path: &str, body: Value) -> Value {
    let (status, answer) = caller
        .tries(caller.request(method, path).json(&body))
        .await
        .unwrap();
    assert!((200..300).contains(&status), "{path}: {status} {answer}");
    answer
}

/// Somebody talks, and a program writes, changes, looks for and deletes entries.
async fn uses_it(caller: &Caller) {
    let begun = calls(caller, Method::POST, "/api/conversations", json!({})).await;
    let here = begun["conversation"]["id"].as_str().unwrap().to_owned();
    for n in 0..6 {
        let place = (n % 2 == 0).then_some(&here);
        let entry = json!({"logType": "info", "status": "working", "title": format!("entry {n}"), "conversationId": place});
        let made = calls(caller, Method::POST, "/api/work-log/create", entry).await;
        let address = format!("/api/work-log/{}", made["log"]["id"].as_str().unwrap());
        calls(
            caller,
            Method::PATCH,
            &address,
            json!({"status": "success", "details": "done", "kept": n == 1}),
        )
        .await;
        caller.gets(&address).await;
        if n == 5 {
            calls(caller, Method::DELETE, &address, json!({})).await;
        }
    }
    calls(
        caller,
        Method::POST,
        &format!("/api/conversations/{here}/messages"),
        json!({"content": "Paint a tree"}),
    )
    .await;
}

async fn looks(caller: &Caller) {
    for query in [
        "",
        "?q=entry",
        "?q=entry&archive=true",
        "?logType=info",
        "?status=error",
        "?storageStatus=cold",
        "?storageStatus=warm",
    ] {
        caller.gets(&format!("/api/work-log/list{query}")).await;
    }
    caller.gets("/api/work-log/stats").await;
    for days in [1, 7, 90] {
        let table = caller
            .request(
                Method::GET,
                &format!("/api/work-log/stats?days={days}&format=csv&table=runs"),
            )
            .send()
            .await
            .unwrap();
        assert_eq!(table.status(), 200);
    }
    let talks = caller.gets("/api/conversations").await;
    for talk in talks["conversations"].as_array().unwrap() {
        let id = talk["id"].as_str().unwrap();
        caller.messages(id).await;
        caller
            .gets(&format!("/api/work-log/list?conversationId={id}"))
            .await;
    }
}

/// The statements that a log in JSON tells of.
fn statements(log: &str) -> impl Iterator<Item = String> {
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter_map(|line| {
        let text = |name: &str| {
            line["fields"][name]
                .as_str()
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let sql = text("db.statement").or_else(|| text("summary"))?;
        ["select", "insert", "update", "delete", "with"]
            .iter()
            .any(|word| sql.starts_with(word))
            .then_some(sql)
    })
}

/// The steps of a statement's plan that go through a whole table or index, or through all entries
/// or objects of a person for those of a conversation or those under way.
async fn scans(database: &mut AnyConnection, sql: &str) -> Vec<String> {
    let rows = sqlx::raw_sql(AssertSqlSafe(format!("explain query plan {sql}")))
        .fetch_all(database)
        .await;
    let rows = rows.unwrap_or_else(|why| panic!("{sql}: {why}"));
    let steps = rows.iter().map(|row| row.get::<String, _>("detail"));
    let grows = |table: &str| {
        !table.ends_with("VALUES CLAUSE") && !SMALL.iter().any(|small| table.starts_with(small))
    };
    let of_few = [
        "conversation_id = $",
        "conversation_id is null and",
        "state = 'pending'",
        "state = 'doomed'",
    ];
    let of_few = of_few.iter().any(|asked| sql.contains(asked));
    let of_all = |step: &str| {
        ["work_logs", "archive_objects"]
            .iter()
            .any(|table| step.starts_with(&format!("SEARCH {table} USING INDEX sqlite_autoindex_")))
    };
    let is_by_key = |step: &str| step.contains("AND id=?)") || step.contains("AND key=?)");
    let goes_through = |step: &String| {
        step.strip_prefix("SCAN ").is_some_and(grows)
            || (of_few && of_all(step) && !is_by_key(step))
    };
    steps.filter(goes_through).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_asked_of_the_database_goes_through_a_table_that_grows() {
    let mut home = Home::with_a_person();
    home.settings
        .push(("HOLLY_LOG", "sqlx::query=debug".to_owned()));
    let log = home.data().join("server.log");
    let mut said = String::new();
    for days in [10, 40, 91] {
        let server = home.serve_with_log(File::create(&log).unwrap());
        uses_it(&server.caller).await;
        looks(&server.caller).await;
        calls(
            &server.caller,
            Method::POST,
            "/api/work-log/cleanup",
            json!({}),
        )
        .await;
        server.terminate().await;
        said += &std::fs::read_to_string(&log).unwrap();
        said += &String::from_utf8(home.run_retention(days).stderr).unwrap();
    }
    let asked: BTreeSet<String> = statements(&said).collect();
    assert!(
        asked.len() > 100,
        "{} statements are too few: does the driver still tell of them?",
        asked.len()
    );
    sqlx::any::install_default_drivers();
    let mut database =
        AnyConnection::connect(&format!("sqlite://{}/holly.db", home.data().display()))
            .await
            .unwrap();
    let mut found = Vec::new();
    for sql in &asked {
        found.extend(
            scans(&mut database, sql)
                .await
                .into_iter()
                .map(|step| format!("{step}: {sql}")),
        );
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
