//! SQLite's query plans: every statement uses an index instead of scanning a table that grows with
//! use.

use super::home::{Caller, Home};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row};
use std::{collections::BTreeSet, fs::File};

/// Scans that stay small: of tables with few rows, and of partial indexes with the few rows in
/// progress.
const SMALL_SCANS: [&str; 17] = [
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
    "newest",
    "erasures USING INDEX erasures_to_mirror",
    "sessions",
    "turns USING INDEX turns_by_lease",
    "work_log_stats USING INDEX work_log_stats_by_tier",
    "work_logs USING INDEX work_logs_by_lease",
];

async fn send(caller: &Caller, method: Method, path: &str, body: Value) -> Value {
    let (status, answer) = caller
        .tries(caller.request(method, path).json(&body))
        .await
        .unwrap();
    assert!((200..300).contains(&status), "{path}: {status} {answer}");
    answer
}

/// A conversation, and entries that are created, changed, read and deleted.
async fn write_and_chat(caller: &Caller) {
    let created = send(caller, Method::POST, "/api/conversations", json!({})).await;
    let conversation = created["conversation"]["id"].as_str().unwrap().to_owned();
    for n in 0..6 {
        let conversation_id = (n % 2 == 0).then_some(&conversation);
        let entry = json!({
            "logType": "info", "status": "working",
            "title": format!("entry {n}"), "conversationId": conversation_id,
        });
        let created = send(caller, Method::POST, "/api/work-log/create", entry).await;
        let address = format!("/api/work-log/{}", created["log"]["id"].as_str().unwrap());
        send(
            caller,
            Method::PATCH,
            &address,
            json!({"status": "success", "details": "done", "kept": n == 1}),
        )
        .await;
        caller.gets(&address).await;
        if n == 5 {
            send(caller, Method::DELETE, &address, json!({})).await;
        }
    }
    send(
        caller,
        Method::POST,
        &format!("/api/conversations/{conversation}/messages"),
        json!({"content": "Paint a tree"}),
    )
    .await;
}

async fn read_everything(caller: &Caller) {
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
    let conversations = caller.gets("/api/conversations").await;
    for conversation in conversations["conversations"].as_array().unwrap() {
        let id = conversation["id"].as_str().unwrap();
        caller.messages(id).await;
        caller
            .gets(&format!("/api/work-log/list?conversationId={id}"))
            .await;
    }
}

/// The statements in a JSON log.
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

/// The steps of a statement's plan that scan a growing table or index, or all entries or objects of
/// a user although the statement wants those of a conversation or those in progress.
async fn scans(database: &mut AnyConnection, sql: &str) -> Vec<String> {
    let rows = sqlx::raw_sql(AssertSqlSafe(format!("explain query plan {sql}")))
        .fetch_all(database)
        .await;
    let rows = rows.unwrap_or_else(|why| panic!("{sql}: {why}"));
    let steps = rows.iter().map(|row| row.get::<String, _>("detail"));
    let grows = |table: &str| {
        !table.ends_with("VALUES CLAUSE")
            && !SMALL_SCANS.iter().any(|small| table.starts_with(small))
    };
    let selective_conditions = [
        "conversation_id = $",
        "conversation_id is null and",
        "state = 'pending'",
        "state = 'doomed'",
    ];
    let is_selective = selective_conditions
        .iter()
        .any(|condition| sql.contains(condition));
    let reads_all_of_user = |step: &str| {
        ["work_logs", "archive_objects"]
            .iter()
            .any(|table| step.starts_with(&format!("SEARCH {table} USING INDEX sqlite_autoindex_")))
    };
    let is_by_key = |step: &str| step.contains("AND id=?)") || step.contains("AND key=?)");
    let is_scan = |step: &String| {
        step.strip_prefix("SCAN ").is_some_and(grows)
            || (is_selective && reads_all_of_user(step) && !is_by_key(step))
    };
    steps.filter(is_scan).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_scans_a_table_that_grows() {
    let mut home = Home::with_user();
    home.settings
        .push(("HOLLY_LOG", "sqlx::query=debug".to_owned()));
    let log = home.data().join("server.log");
    let mut logs = String::new();
    for days in [10, 40, 91] {
        let server = home.serve_with_log(File::create(&log).unwrap());
        write_and_chat(&server.caller).await;
        read_everything(&server.caller).await;
        send(
            &server.caller,
            Method::POST,
            "/api/work-log/cleanup",
            json!({}),
        )
        .await;
        server.terminate().await;
        logs += &std::fs::read_to_string(&log).unwrap();
        logs += &String::from_utf8(home.run_retention(days).stderr).unwrap();
    }
    let executed: BTreeSet<String> = statements(&logs).collect();
    assert!(
        executed.len() > 100,
        "only {} statements found: does the driver still log them?",
        executed.len()
    );
    sqlx::any::install_default_drivers();
    let mut database =
        AnyConnection::connect(&format!("sqlite://{}/holly.db", home.data().display()))
            .await
            .unwrap();
    let mut found = Vec::new();
    for sql in &executed {
        found.extend(
            scans(&mut database, sql)
                .await
                .into_iter()
                .map(|step| format!("{step}: {sql}")),
        );
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
