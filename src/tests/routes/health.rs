//! `/healthz`, `/readyz`, `/metrics` and `/api/work-log/stats`.

use crate::tests::support::TestApp;
use serde_json::json;

#[tokio::test]
async fn health_and_readiness_are_public() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    for (address, text) in [("/healthz", "ok"), ("/readyz", "ready")] {
        let answer = anonymous.gets(address).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, text));
    }
}

#[tokio::test]
async fn without_the_database_the_server_is_alive_but_not_ready() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    app.app.store.close().await;
    assert_eq!(anonymous.gets("/healthz").await.status, 200);
    let problem = anonymous.gets("/readyz").await.expect(503);
    assert_eq!(problem["detail"], "the database is unreachable");
}

#[tokio::test]
async fn the_metrics_count_requests_turns_and_frames() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let mut stream = ada.streams("").await;
    stream.next_event().await;
    let conversation = ada.begins().await;
    ada.says(&conversation, "Hello").await;
    ada.awaits_the_end(&conversation).await;
    ada.gets("/api/work-log/0190f0c0-7a4e-7cc3-98c4-dc0c0c07398f")
        .await;
    let answer = app.metrics().await;
    assert!(
        answer
            .header("content-type")
            .starts_with("application/openmetrics-text")
    );
    let text = answer.text();
    for line in [
        "holly_requests_total{route=\"/api/conversations\",status=\"201\"} 1",
        "holly_requests_total{route=\"/api/work-log/{id}\",status=\"404\"} 1",
        "holly_streams 1",
        "holly_turns_total{how=\"finished\"} 1",
        "holly_unwritten_entries_total 0",
        "holly_interrupted_total 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
    for name in ["holly_frames_total ", "holly_commits ", "holly_reads "] {
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_else(|| panic!("{name} in {text}"));
        assert!(value.parse::<u64>().unwrap() > 0, "{name}{value}");
    }
}

#[tokio::test]
async fn the_stats_are_for_admins_only() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin().await, app.person("ada@example.org").await);
    ada.creates(
        json!({"logType": "error", "status": "error", "title": "Disk full", "durationMs": 70}),
    )
    .await;
    ada.notes("one").await;
    admin.notes("two").await;
    assert_eq!(ada.gets("/api/work-log/stats").await.status, 403);
    let stats = admin.gets("/api/work-log/stats?days=1").await.expect(200)["stats"].clone();
    let lines: Vec<_> = stats
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (&line["logType"], &line["entries"], &line["durationMs"]))
        .collect();
    assert_eq!(
        lines,
        [
            (&json!("error"), &json!(1), &json!(70)),
            (&json!("info"), &json!(2), &json!(0))
        ]
    );
    assert_eq!(
        admin
            .gets("/api/work-log/stats?days=0")
            .await
            .refused_fields(),
        ["days"]
    );
}
