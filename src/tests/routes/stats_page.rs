//! The stats page, its tables as CSV, the export, and deletion of one's own account.

use crate::{
    domain::time::{DAY_MS, HOUR_MS},
    server::identity,
    tests::support::{TestApp, address_of},
};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_see_stats_and_they_work_without_a_script() {
    let app = TestApp::start().await;
    let (ada, admin) = (app.person("ada@example.org").await, app.admin().await);
    let answer = json!({
        "logType": "ai_response", "status": "success", "title": "x", "durationMs": 2_000,
        "metadata": {
            "model": "m", "modelName": "Model <b>", "inputTokens": 5, "outputTokens": 7,
            "fallback": true
        }
    });
    app.logs_of_turn(&ada, answer).await;
    app.logs_of_turn(
        &ada,
        json!({
            "logType": "tool_call", "status": "error", "title": "y", "durationMs": 10,
            "metadata": {"tool": "paint"}
        }),
    )
    .await;
    app.app.clock.advance(8 * DAY_MS);
    admin
        .posts("/api/work-log/cleanup?confirmClock=true", json!({}))
        .await
        .expect(200);
    let page = admin.gets("/stats?days=30&plan=1").await;
    let html = page.text();
    assert_eq!(page.status, 200);
    for part in [
        "50.0 %",
        "Model &lt;b>",
        "2.0 s",
        "class=\"chart\"",
        "paint",
        "everything is where it belongs",
    ] {
        assert!(
            html.contains(part) || html.contains(&part.replace("b>", "b&gt;")),
            "{part} is not on the page: {html}"
        );
    }
    let without_plan = admin.gets("/stats").await.text();
    for part in [
        "setInterval(refresh, 30_000)",
        "<noscript><meta http-equiv=\"refresh\" content=\"30\"></noscript>",
    ] {
        assert!(
            without_plan.contains(part) && !html.contains(part),
            "the page refreshes itself, except with a plan: {part}"
        );
    }
    let models = admin
        .gets("/api/work-log/stats?days=30&format=csv&table=models")
        .await
        .text();
    assert!(
        models.starts_with(
            "Model,Answers,p50,p95,First token,Tokens,As fallback,Failed\r\nModel <b>,1,"
        ),
        "{models}"
    );
    assert!(
        admin
            .gets("/api/work-log/stats?format=csv&table=storage")
            .await
            .text()
            .contains("warm,2,")
    );
    admin
        .gets("/api/work-log/stats?format=csv&table=none")
        .await
        .expect(404);
    admin
        .gets("/api/work-log/stats?days=14&format=csv&table=models")
        .await
        .expect(422);
    ada.gets("/api/work-log/stats?format=csv&table=models")
        .await
        .expect(403);
    assert!(!ada.gets("/stats").await.text().contains("class=\"chart\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_24_hours_keep_counting_deleted_entries() {
    let app = TestApp::start().await;
    let (ada, admin) = (app.person("ada@example.org").await, app.admin().await);
    let answer = json!({
        "logType": "ai_response", "status": "success", "title": "x", "durationMs": 2_000,
        "metadata": {"modelName": "m", "inputTokens": 5, "outputTokens": 7}
    });
    let mut created = vec![app.logs_of_turn(&ada, answer.clone()).await];
    app.app.clock.advance(20 * HOUR_MS);
    let mut other = answer;
    other["metadata"]["fallback"] = json!(true);
    created.push(app.logs_of_turn(&ada, other).await);
    created.push(
        app.logs_of_turn(
            &ada,
            json!({
                "logType": "tool_call", "status": "error", "title": "y", "durationMs": 10,
                "metadata": {"tool": "paint"}
            }),
        )
        .await,
    );
    let tables = async || {
        let mut csv = String::new();
        for name in ["days", "tokens", "statuses", "models", "tools"] {
            csv += &admin
                .gets(&format!(
                    "/api/work-log/stats?days=1&format=csv&table={name}"
                ))
                .await
                .text();
        }
        let html = admin.gets("/stats?days=1").await.text();
        (
            csv,
            html[html.find("class=\"figures\"").unwrap()..html.find("Live now").unwrap()]
                .to_owned(),
        )
    };
    let (csv, summary) = tables().await;
    for line in [
        "09:00,1,1,0,0,0,0,0,0,0.0 %,0.0 %",
        "05:00,2,1,1,0,0,0,0,1,50.0 %,100.0 %",
        "09:00,5,7",
        "05:00,5,7",
        "04:00,0,0",
        "error,1,33.3 %",
        "m,2,2.0 s,2.0 s,–,24,50.0 %,0.0 %",
        "paint,1,11 ms,11 ms,100.0 %",
    ] {
        assert!(
            csv.lines().any(|found| found == line),
            "{line} is not in {csv}"
        );
    }
    assert!(
        csv.lines()
            .filter(|line| line.starts_with("05:00,"))
            .count()
            == 2
            && summary.contains("0 before"),
        "{csv} {summary}"
    );
    for entry in &created {
        ada.deletes(&address_of(entry)).await.expect(200);
    }
    assert_eq!(tables().await, (csv, summary));
    app.app.clock.advance(4 * HOUR_MS);
    let (later, summary) = tables().await;
    assert!(
        later.contains("\nm,1,") && later.contains("\n05:00,2,") && summary.contains("1 before"),
        "{later} {summary}"
    );
    assert!(
        !later.lines().any(|line| line.starts_with("09:00,")
            && line != "09:00,0,0"
            && !line.starts_with("09:00,0,")),
        "{later}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn fallback_answers_and_run_durations_are_shown() {
    let app = TestApp::start().await;
    let (ada, admin) = (app.person("ada@example.org").await, app.admin().await);
    for fallback in [true, false, false, false] {
        let metadata = json!({"modelName": "m", "fallback": fallback});
        app.logs_of_turn(
            &ada,
            json!({
                "logType": "ai_response", "status": "success", "title": "x", "durationMs": 20,
                "metadata": metadata
            }),
        )
        .await;
    }
    app.app.clock.advance(DAY_MS);
    ada.notes("no answer").await;
    admin
        .posts("/api/work-log/cleanup", json!({}))
        .await
        .expect(200);
    let days = admin
        .gets("/api/work-log/stats?days=7&format=csv&table=days")
        .await
        .text();
    assert!(
        days.starts_with(
            "Day,All,Answers,Tools,Files,Deployments,Errors,Info,Failed,\
             Error rate,Fallback rate\r\n"
        ),
        "{days}"
    );
    assert!(
        days.contains("2026-11-24,4,4,0,0,0,0,0,0,0.0 %,25.0 %")
            && days.contains("2026-11-25,1,0,0,0,0,0,1,0,0.0 %,–"),
        "{days}"
    );
    let html = admin.gets("/stats?days=7").await.text();
    let chart = &html[html.find("Entries by day and kind").unwrap()..html.find("Storage").unwrap()];
    assert!(
        chart.contains("24 Nov: 4\nAnswers 3\nFallbacks 1<")
            && chart.contains("<rect data-series=\"fallbacks\""),
        "{chart}"
    );
    let runs = admin
        .gets("/api/work-log/stats?format=csv&table=runs")
        .await
        .text();
    let lines: Vec<&str> = runs.lines().collect();
    assert!(
        lines[0].ends_with(",Failed,Took") && lines[1].ends_with("s") && lines.len() == 2,
        "{runs}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_export_equals_the_list_over_all_tiers() {
    let app = TestApp::start().await;
    let (ada, admin, bob) = (
        app.person("ada@example.org").await,
        app.admin().await,
        app.person("bob@example.org").await,
    );
    let conversation = ada.begins().await;
    for age in [40, 20, 0] {
        for n in 0..3 {
            let in_conversation = (n > 0).then_some(&conversation);
            ada.creates(json!({
                "logType": "info", "status": "info", "title": format!("<i>{n}"),
                "details": "a & b", "conversationId": in_conversation
            }))
            .await;
        }
        app.app.clock.advance(age / 2 * DAY_MS);
    }
    app.app.clock.advance(11 * DAY_MS);
    admin
        .posts("/api/work-log/cleanup?confirmClock=true", json!({}))
        .await
        .expect(200);
    let lines = |text: String| {
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect::<Vec<Value>>()
    };
    let exported = lines(ada.gets("/api/work-log/export").await.text());
    assert_eq!(
        Value::from(exported.clone()),
        ada.lists("limit=200").await["logs"]
    );
    assert!(
        exported
            .iter()
            .any(|entry| entry["storageStatus"] == "cold")
            && exported.len() == 9,
        "{exported:?}"
    );
    let one = lines(
        ada.gets(&format!(
            "/api/work-log/export?conversationId={conversation}&format=jsonl"
        ))
        .await
        .text(),
    );
    assert_eq!(one.len(), 6);
    let html = ada.gets("/api/work-log/export?format=html").await;
    assert!(
        html.header("content-disposition").starts_with("attachment"),
        "it is a download, never a page of this site"
    );
    assert!(
        html.text().matches("<article").count() == 9
            && html.text().contains("&lt;i&gt;2")
            && !html.text().contains("<i>")
    );
    let plain = ada
        .gets("/api/work-log/export?format=html&messages=false")
        .await
        .text();
    assert!(
        plain.matches("<article").count() == 9 && !plain.contains("<h2"),
        "entries only, as the list shows them: {plain}"
    );
    bob.gets(&format!(
        "/api/work-log/export?conversationId={conversation}"
    ))
    .await
    .expect(404);
    assert_eq!(
        bob.gets("/api/work-log/export?format=pdf")
            .await
            .refused_fields(),
        ["format"]
    );
    assert_eq!(bob.gets("/api/work-log/export").await.text(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_exported_with_entries_in_order() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let (conversation, other) = (ada.begins().await, ada.begins().await);
    let note = reqwest::multipart::Part::text("Two litres.").file_name("oil <b>.md");
    let form = reqwest::multipart::Form::new()
        .text("content", "Hello <there>")
        .part("attachment", note);
    let sent = ada
        .request(
            reqwest::Method::POST,
            &format!("/api/conversations/{conversation}/messages"),
        )
        .multipart(form)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 202);
    ada.awaits_the_end(&conversation).await;
    ada.notes("outside").await;
    let lines = |text: String| {
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect::<Vec<Value>>()
    };
    let all = lines(ada.gets("/api/work-log/export?messages=true").await.text());
    let kinds: Vec<&str> = all
        .iter()
        .map(
            |line| match line.as_object().unwrap().keys().next().map(String::as_str) {
                Some("conversation") => "conversation",
                Some("message") => line["message"]["role"].as_str().unwrap(),
                _ => "entry",
            },
        )
        .collect();
    let start = all
        .iter()
        .position(|line| line["conversation"]["id"] == *conversation)
        .unwrap();
    assert_eq!(
        kinds[start..start + 3],
        ["conversation", "user", "entry"],
        "{kinds:?}"
    );
    assert_eq!(
        (kinds.last(), &all.last().unwrap()["title"]),
        (Some(&"entry"), &json!("outside"))
    );
    assert!(
        all.iter()
            .any(|line| line["message"]["attachments"][0]["name"] == "oil <b>.md")
            && kinds.contains(&"assistant"),
        "{all:?}"
    );
    assert!(
        all.iter().all(|line| line["message"]["html"].is_null())
            && all.iter().any(|line| line["conversation"]["id"] == *other)
    );
    let html = ada
        .gets(&format!(
            "/api/work-log/export?conversationId={conversation}&format=html"
        ))
        .await;
    assert!(
        html.header("content-disposition")
            .contains("holly-conversation.html")
    );
    let html = html.text();
    let position = |part: &str| {
        html.find(part)
            .unwrap_or_else(|| panic!("{part} is not in {html}"))
    };
    assert!(
        position("Hello &lt;there&gt;") < position("oil &lt;b&gt;.md")
            && position("oil &lt;b&gt;.md") < position("<article"),
        "{html}"
    );
    assert!(
        position("<article") < position("class=\"assistant\"")
            && html.ends_with("</html>\n")
            && !html.contains("outside"),
        "{html}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_deletes_their_account_with_the_password() {
    let app = TestApp::start().await;
    let account = identity::add_account(
        &app.app.store,
        app.app.clock.now(),
        "eve@example.org",
        "correct horse",
        false,
    )
    .await
    .unwrap();
    app.admin().await;
    let eve = app.signed_in(account.id).await;
    eve.notes("mine").await;
    assert!(
        eve.gets("/settings")
            .await
            .text()
            .contains("/api/work-log/export"),
        "an export is offered first"
    );
    let refused = eve
        .submits(
            "/fn/account/erase",
            "/settings",
            &[("password", "wrong horse")],
        )
        .await;
    assert!(
        refused.status == 302 && refused.header("location").contains("__err"),
        "{refused:?}"
    );
    let erased = eve
        .submits(
            "/fn/account/erase",
            "/settings",
            &[("password", "correct horse")],
        )
        .await;
    assert_eq!(
        (erased.status, erased.header("location")),
        (302, "/sign-in?erased=0-0-1-0-0-0-0")
    );
    eve.gets("/api/work-log/list").await.expect(401);
    let receipt = app
        .anonymous()
        .gets("/sign-in?erased=0-0-1-0-0-0-0")
        .await
        .text();
    assert!(
        receipt.contains("Deleted for good, from every tier: 1 entry."),
        "{receipt}"
    );
}
