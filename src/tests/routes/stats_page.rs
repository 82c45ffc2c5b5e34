//! The stats page, its tables as files, the export, and an account that is erased by its owner.

use crate::{
    domain::time::{DAY_MS, HOUR_MS},
    server::identity,
    tests::support::{TestApp, address_of},
};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_sees_figures_without_a_script_and_others_do_not() {
    let app = TestApp::start().await;
    let (ada, admin) = (app.person("ada@example.org").await, app.admin().await);
    let answer = json!({"logType": "ai_response", "status": "success", "title": "x", "durationMs": 2_000,
        "metadata": {"model": "m", "modelName": "Model <b>", "inputTokens": 5, "outputTokens": 7, "fallback": true}});
    ada.creates(answer).await;
    ada.creates(json!({"logType": "tool_call", "status": "error", "title": "y", "durationMs": 10, "metadata": {"tool": "paint"}})).await;
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
    let fresh = admin.gets("/stats").await.text();
    for part in [
        "setInterval(refresh, 30_000)",
        "<noscript><meta http-equiv=\"refresh\" content=\"30\"></noscript>",
    ] {
        assert!(
            fresh.contains(part) && !html.contains(part),
            "it stays fresh, but a plan is told once: {part}"
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
async fn the_last_24_hours_are_24_hours_and_stay_as_they_were_when_their_entries_are_deleted() {
    let app = TestApp::start().await;
    let (ada, admin) = (app.person("ada@example.org").await, app.admin().await);
    let answer = json!({"logType": "ai_response", "status": "success", "title": "x", "durationMs": 2_000,
        "metadata": {"modelName": "m", "inputTokens": 5, "outputTokens": 7}});
    let mut made = vec![ada.creates(answer.clone()).await];
    app.app.clock.advance(20 * HOUR_MS);
    let mut other = answer;
    other["metadata"]["fallback"] = json!(true);
    made.push(ada.creates(other).await);
    made.push(
        ada.creates(json!({"logType": "tool_call", "status": "error", "title": "y", "durationMs": 10, "metadata": {"tool": "paint"}}))
            .await,
    );
    let tables = async || {
        let mut told = String::new();
        for name in ["days", "tokens", "statuses", "models", "tools"] {
            told += &admin
                .gets(&format!(
                    "/api/work-log/stats?days=1&format=csv&table={name}"
                ))
                .await
                .text();
        }
        let html = admin.gets("/stats?days=1").await.text();
        (
            told,
            html[html.find("class=\"figures\"").unwrap()..html.find("Live now").unwrap()]
                .to_owned(),
        )
    };
    let (told, figures) = tables().await;
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
            told.lines().any(|told| told == line),
            "{line} is not in {told}"
        );
    }
    assert!(
        told.lines()
            .filter(|line| line.starts_with("05:00,"))
            .count()
            == 2
            && figures.contains("0 before"),
        "{told} {figures}"
    );
    for entry in &made {
        ada.deletes(&address_of(entry)).await.expect(200);
    }
    assert_eq!(tables().await, (told, figures));
    app.app.clock.advance(4 * HOUR_MS);
    let (later, figures) = tables().await;
    assert!(
        later.contains("\nm,1,") && later.contains("\n05:00,2,") && figures.contains("1 before"),
        "{later} {figures}"
    );
    assert!(
        !later.lines().any(|line| line.starts_with("09:00,")
            && line != "09:00,0,0"
            && !line.starts_with("09:00,0,")),
        "{later}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_a_fallback_stand_apart_and_runs_say_how_long_they_took() {
    let app = TestApp::start().await;
    let (ada, admin) = (app.person("ada@example.org").await, app.admin().await);
    for fallback in [true, false, false, false] {
        let metadata = json!({"modelName": "m", "fallback": fallback});
        ada.creates(json!({"logType": "ai_response", "status": "success", "title": "x", "durationMs": 20, "metadata": metadata})).await;
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
    assert!(days.starts_with("Day,All,Answers,Tools,Files,Deployments,Errors,Info,Failed,Error rate,Fallback rate\r\n"), "{days}");
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
async fn what_is_exported_equals_what_is_shown_of_all_tiers() {
    let app = TestApp::start().await;
    let (ada, admin, bob) = (
        app.person("ada@example.org").await,
        app.admin().await,
        app.person("bob@example.org").await,
    );
    let talk = ada.begins().await;
    for age in [40, 20, 0] {
        for n in 0..3 {
            let place = (n > 0).then_some(&talk);
            ada.creates(
                json!({"logType": "info", "status": "info", "title": format!("<i>{n}"), "details": "a & b", "conversationId": place}),
            )
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
            "/api/work-log/export?conversationId={talk}&format=jsonl"
        ))
        .await
        .text(),
    );
    assert_eq!(one.len(), 6);
    let html = ada.gets("/api/work-log/export?format=html").await;
    assert!(
        html.header("content-disposition").starts_with("attachment"),
        "it is a file, never a page of this site"
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
        "entries alone, as the list shows them: {plain}"
    );
    bob.gets(&format!("/api/work-log/export?conversationId={talk}"))
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
async fn what_was_said_goes_along_with_the_work_in_the_order_in_which_it_happened() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let (talk, other) = (ada.begins().await, ada.begins().await);
    let note = reqwest::multipart::Part::text("Two litres.").file_name("oil <b>.md");
    let form = reqwest::multipart::Form::new()
        .text("content", "Hello <there>")
        .part("attachment", note);
    let sent = ada
        .request(
            reqwest::Method::POST,
            &format!("/api/conversations/{talk}/messages"),
        )
        .multipart(form)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 202);
    ada.awaits_the_end(&talk).await;
    ada.notes("outside").await;
    let lines = |text: String| {
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect::<Vec<Value>>()
    };
    let all = lines(ada.gets("/api/work-log/export?messages=true").await.text());
    let told: Vec<&str> = all
        .iter()
        .map(
            |line| match line.as_object().unwrap().keys().next().map(String::as_str) {
                Some("conversation") => "conversation",
                Some("message") => line["message"]["role"].as_str().unwrap(),
                _ => "entry",
            },
        )
        .collect();
    let begins = all
        .iter()
        .position(|line| line["conversation"]["id"] == *talk)
        .unwrap();
    assert_eq!(
        told[begins..begins + 3],
        ["conversation", "user", "entry"],
        "{told:?}"
    );
    assert_eq!(
        (told.last(), &all.last().unwrap()["title"]),
        (Some(&"entry"), &json!("outside"))
    );
    assert!(
        all.iter()
            .any(|line| line["message"]["attachments"][0]["name"] == "oil <b>.md")
            && told.contains(&"assistant"),
        "{all:?}"
    );
    assert!(
        all.iter().all(|line| line["message"]["html"].is_null())
            && all.iter().any(|line| line["conversation"]["id"] == *other)
    );
    let html = ada
        .gets(&format!(
            "/api/work-log/export?conversationId={talk}&format=html"
        ))
        .await;
    assert!(
        html.header("content-disposition")
            .contains("holly-conversation.html")
    );
    let html = html.text();
    let at = |part: &str| {
        html.find(part)
            .unwrap_or_else(|| panic!("{part} is not in {html}"))
    };
    assert!(
        at("Hello &lt;there&gt;") < at("oil &lt;b&gt;.md")
            && at("oil &lt;b&gt;.md") < at("<article"),
        "{html}"
    );
    assert!(
        at("<article") < at("class=\"assistant\"")
            && html.ends_with("</html>\n")
            && !html.contains("outside"),
        "{html}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_erased_by_its_owner_with_the_password_given_again() {
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
        .nobody()
        .gets("/sign-in?erased=0-0-1-0-0-0-0")
        .await
        .text();
    assert!(
        receipt.contains("Deleted for good, from every tier: 1 entry."),
        "{receipt}"
    );
}
