//! An export while a retention run moves the rows it reads.

use crate::{
    domain::time::DAY_MS,
    server::{
        base::fail_points::{
            FailPoint::{
                Encoded, MovePlanned, Moved, PackPlanned, Packed, Put, ReadBack, Reserved,
            },
            with_hook,
        },
        retention::{Run, run_once},
    },
    tests::support::{TestApp, archives::once_at},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn an_export_during_a_run_contains_every_entry_once() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    ada.sends_patch(
        &format!("/api/conversations/{conversation}"),
        json!({"kept": true}),
    )
    .await
    .expect(200);
    let mut created = BTreeSet::new();
    for (days, fail_point) in [
        (8, PackPlanned),
        (8, Packed),
        (31, MovePlanned),
        (31, Encoded),
        (31, Reserved),
        (31, Put),
        (31, ReadBack),
        (31, Moved),
    ] {
        for n in 0..4 {
            let entry = ada
                .creates(json!({
                    "logType": "info", "status": "info", "title": format!("{n}"),
                    "conversationId": conversation
                }))
                .await;
            created.insert(entry["id"].as_str().unwrap().to_owned());
        }
        app.app.clock.advance(days * DAY_MS);
        let requests = ["", "?messages=true"]
            .map(|query| ada.request(Method::GET, &format!("/api/work-log/export{query}")));
        let expected = created.clone();
        let export = async move {
            for request in requests {
                let text = request.send().await.unwrap().text().await.unwrap();
                let lines = text
                    .lines()
                    .map(|line| serde_json::from_str::<Value>(line).unwrap());
                let entries: Vec<String> = lines
                    .filter_map(|line| line["id"].as_str().map(str::to_owned))
                    .collect();
                assert_eq!(entries.len(), expected.len(), "at {fail_point:?}");
                assert_eq!(BTreeSet::from_iter(entries), expected, "at {fail_point:?}");
            }
        };
        let run = Run {
            trust_clock: true,
            ..Run::at(app.app.config.retention.policy, app.app.clock.now())
        };
        let report = with_hook(once_at(fail_point, export), run_once(&app.app.tiers, run))
            .await
            .unwrap();
        assert_eq!((report.failed, report.busy), (0, false), "{report:?}");
    }
}
