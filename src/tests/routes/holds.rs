//! Holds and keeping: who keeps an entry from expiring, deletion receipts, and the level of detail.

use crate::{
    domain::time::DAY_MS,
    server::archive::holds,
    tests::support::{Person, TestApp, address_of},
};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_shows_who_keeps_it_in_every_tier() {
    let app = TestApp::start().await;
    let (ada, admin) = (app.person("ada@example.org").await, app.admin().await);
    let conversation = ada.begins().await;
    let conversation_id = conversation.parse().unwrap();
    let entry = ada
        .creates(json!({
            "logType": "info", "status": "info", "title": "x", "conversationId": conversation
        }))
        .await;
    for archived in [false, true] {
        if archived {
            app.app.clock.advance(40 * DAY_MS);
            admin
                .posts("/api/work-log/cleanup?confirmClock=true", json!({}))
                .await
                .expect(200);
        }
        let assert_kept_by = async |kept_by: Value, label: &str| {
            let read = ada.gets(&address_of(&entry)).await.expect(200)["log"].clone();
            assert_eq!(
                (&read["keptBy"], read["expiresAt"].is_null()),
                (&kept_by, !kept_by.is_null()),
                "{archived}"
            );
            assert_eq!(ada.lists("").await["logs"][0]["keptBy"], kept_by);
            let html = ada.gets(&format!("/c/{conversation}")).await.text();
            assert!(html.contains(label), "{archived} {label}: {html}");
        };
        assert_kept_by(Value::Null, "Kept until 22 Feb 2027").await;
        let now = app.app.clock.now();
        let hold = holds::place_hold(
            &app.app.tiers,
            now,
            admin.id,
            (ada.id, Some(conversation_id)),
            "case 17",
        )
        .await
        .unwrap();
        assert_kept_by(json!("hold"), "On hold: an admin keeps it").await;
        holds::release_hold(&app.app.tiers, now, &hold)
            .await
            .unwrap();
        let keep = async |kept: &str| {
            let answer = ada
                .submits(
                    "/fn/conversations/keep",
                    &format!("/c/{conversation}"),
                    &[("conversation_id", &conversation), ("kept", kept)],
                )
                .await;
            assert_eq!(
                (answer.status, answer.header("location")),
                (302, format!("/c/{conversation}").as_str())
            );
        };
        keep("true").await;
        assert_kept_by(json!("conversation"), "Kept with its conversation").await;
        let html = ada.gets(&format!("/c/{conversation}")).await.text();
        assert!(
            !html.contains("data-kept=\"true\" hidden") && html.contains("Let it expire again"),
            "the header shows it: {html}"
        );
        keep("false").await;
    }
    ada.sends_patch(&address_of(&entry), json!({"kept": true}))
        .await
        .expect(200);
    assert_eq!(ada.lists("").await["logs"][0]["keptBy"], "entry");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_returns_a_receipt_with_counts() {
    let app = TestApp::start().await;
    let (ada, admin) = (app.person("ada@example.org").await, app.admin().await);
    let conversation = ada.begins().await;
    let note = |title: &str| {
        json!({
            "logType": "info", "status": "info", "title": title, "conversationId": conversation
        })
    };
    let old = ada.creates(note("old")).await;
    ada.creates(note("older")).await;
    app.app.clock.advance(40 * DAY_MS);
    admin
        .posts("/api/work-log/cleanup?confirmClock=true", json!({}))
        .await
        .expect(200);
    ada.creates(note("new")).await;
    let id = old["id"].as_str().unwrap();
    let answer = ada
        .submits("/fn/work-log/delete", "/history?q=old", &[("entry_id", id)])
        .await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (302, "/history?q=old&deleted=0-0-0-1-0-1-0")
    );
    let html = ada.gets(answer.header("location")).await.text();
    assert!(
        html.contains("Deleted for good, from every tier: 1 entry (1 from the archive)."),
        "{html}"
    );
    let answer = ada
        .submits(
            "/fn/conversations/delete",
            &format!("/c/{conversation}"),
            &[("conversation_id", &conversation)],
        )
        .await;
    assert_eq!(answer.header("location"), "/?deleted=1-0-1-1-0-1-0");
    let html = ada.gets(answer.header("location")).await.text();
    assert!(
        html.contains(
            "Deleted for good, from every tier: 1 conversation and 2 entries (1 from the archive)."
        ),
        "{html}"
    );
    let html = ada.gets("/?deleted=%3Cscript%3E").await.text();
    assert!(
        html.contains(
            "id=\"receipt\" data-status=\"success\" role=\"status\" tabindex=\"-1\" hidden"
        ),
        "nothing but counts is shown: {html}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_level_of_detail_is_stored_and_rendered_by_the_server() {
    let app = TestApp::start().await;
    let ada = app.browser("ada@example.org").await;
    let conversation = ada.begins().await;
    for title in ["one", "two"] {
        ada.creates(json!({
            "logType": "info", "status": "success", "title": title,
            "conversationId": conversation
        }))
        .await;
    }
    let chosen = ada
        .submits("/fn/settings/detail", "/settings", &[("detail", "all")])
        .await;
    assert_eq!(
        (chosen.status, chosen.header("location")),
        (302, "/settings?changed=detail#appearance")
    );
    let cookie = chosen
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(cookie, "detail=all");
    let (name, session) = ada.credential.clone().unwrap();
    let with_cookie = |cookie: &str| Person {
        credential: Some((name, format!("{session}; {cookie}"))),
        ..ada.clone()
    };
    let page = async |cookie: &str| {
        with_cookie(cookie)
            .gets(&format!("/c/{conversation}"))
            .await
            .text()
    };
    let all = page(&cookie).await;
    assert!(
        all.contains("data-detail=\"all\"") && !all.contains("class=\"work\""),
        "{all}"
    );
    assert_eq!(all.matches("data-status=\"success\" open>").count(), 2);
    let normal = page("detail=nonsense").await;
    assert!(
        !normal.contains("data-detail") && normal.contains("<details class=\"work\">"),
        "{normal}"
    );
    assert!(page("detail=quiet").await.contains("data-detail=\"quiet\""));
    let refused = ada
        .submits("/fn/settings/detail", "/settings", &[("detail", "loud")])
        .await;
    assert!(refused.header("location").contains("__err"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_can_place_and_release_holds() {
    let app = TestApp::start().await;
    let (ada, admin) = (app.person("ada@example.org").await, app.admin().await);
    let conversation = ada.begins().await;
    let entry = ada
        .creates(json!({
            "logType": "info", "status": "info", "title": "x", "conversationId": conversation
        }))
        .await;
    let address = format!("http://holly.example/c/{conversation}#entry-1");
    let form = [
        ("email", " Ada@example.org"),
        ("conversation", address.as_str()),
        ("reason", "case <17>"),
    ];
    let refused = ada.submits("/fn/holds/place", "/holds", &form).await;
    assert!(refused.header("location").contains("__err"), "{refused:?}");
    assert!(
        ada.gets("/holds")
            .await
            .text()
            .contains("There is no such page.")
    );
    for (field, value) in [
        ("email", "eve@example.org"),
        ("conversation", "x"),
        ("reason", ""),
    ] {
        let form = form.map(|(name, given)| (name, if name == field { value } else { given }));
        let refused = admin.submits("/fn/holds/place", "/holds", &form).await;
        assert!(
            refused.header("location").contains("__err"),
            "{field}: {refused:?}"
        );
    }
    let placed = admin.submits("/fn/holds/place", "/holds", &form).await;
    assert_eq!(
        (placed.status, placed.header("location")),
        (302, "/holds"),
        "{placed:?}"
    );
    let page = admin.gets("/holds").await.text();
    for part in [
        "ada@example.org",
        "case &lt;17&gt;",
        "admin@example.org",
        &conversation,
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(admin.gets("/stats").await.text().contains("Holds (1)"));
    ada.deletes(&address_of(&entry)).await.expect(409);
    let id = page
        .split("name=\"id\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    ada.submits("/fn/holds/release", "/holds", &[("id", &id)])
        .await;
    ada.deletes(&address_of(&entry)).await.expect(409);
    admin
        .submits("/fn/holds/release", "/holds", &[("id", &id)])
        .await;
    ada.deletes(&address_of(&entry)).await.expect(200);
    assert!(
        admin
            .gets("/holds")
            .await
            .text()
            .contains("Nothing is on hold.")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_missing_link_targets_and_holds() {
    let app = TestApp::start().await;
    let (ada, admin) = (app.person("ada@example.org").await, app.admin().await);
    let conversation = ada.begins().await;
    let note = |title: &str| {
        json!({
            "logType": "info", "status": "info", "title": title, "conversationId": conversation
        })
    };
    let (existing, deleted) = (
        ada.creates(note("stays")).await,
        ada.creates(note("goes")).await,
    );
    ada.deletes(&address_of(&deleted)).await.expect(200);
    let page_around = async |entry: &Value| {
        ada.gets(&format!(
            "/c/{conversation}?around={}",
            entry["id"].as_str().unwrap()
        ))
        .await
        .text()
    };
    let notice = "What this link led to is no longer there.";
    assert!(
        page_around(&deleted).await.contains(notice)
            && !page_around(&existing).await.contains(notice)
    );
    assert!(!page_around(&existing).await.contains(">On hold<"));
    let fields = [
        ("email", "ada@example.org"),
        ("conversation", &*conversation),
        ("reason", "case 17"),
    ];
    admin.submits("/fn/holds/place", "/holds", &fields).await;
    assert!(page_around(&existing).await.contains(">On hold<"));
}

#[tokio::test(flavor = "multi_thread")]
async fn search_results_show_conversation_and_time() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    ada.creates(json!({
        "logType": "info", "status": "info", "title": "inside", "conversationId": conversation
    }))
    .await;
    ada.creates(json!({"logType": "info", "status": "info", "title": "outside"}))
        .await;
    let html = ada.gets("/history").await.text();
    let (outside, inside) = (
        html.find("Outside any conversation").unwrap(),
        html.find(&format!("<a href=\"/c/{conversation}\">"))
            .unwrap(),
    );
    assert!(
        outside < html.find(">outside<").unwrap()
            && html.find(">outside<") < Some(inside)
            && Some(inside) < html.find(">inside<"),
        "{html}"
    );
    assert!(html.contains(&app.app.clock.now().time_of_day()), "{html}");
}
