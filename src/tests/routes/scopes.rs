//! What a key sees of a feed whose rows are partly outside its scopes, and the answers to refused
//! requests.

use crate::{
    domain::{
        Scope::{self, Admin, Chat, LogRead, LogWrite},
        Scopes,
    },
    server::identity::set_admin,
    tests::support::{Person, TestApp, address_of},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

/// A feed with rows of every kind, and where it began.
async fn with_feed(app: &TestApp) -> (Person, String) {
    let ada = app.person("ada@example.org").await;
    let beginning = ada.cursor().await;
    let (conversation, deleted) = (ada.begins().await, ada.begins().await);
    ada.says(&conversation, "Hello").await;
    ada.awaits_the_end(&conversation).await;
    ada.notes("a note").await;
    let note = ada.notes("a deleted note").await;
    ada.deletes(&address_of(&note)).await.expect(200);
    ada.deletes(&format!("/api/conversations/{deleted}"))
        .await
        .expect(200);
    (ada, beginning)
}

const OF_ENTRIES: [&str; 2] = ["entry", "removed entry"];
const OF_CHAT: [&str; 3] = ["conversation", "message", "removed conversation"];
/// Keys, and the kinds of rows that they see.
const SEEN: [(&[Scope], &[&[&str]]); 3] = [
    (&[LogRead], &[&OF_ENTRIES]),
    (&[Chat], &[&OF_CHAT]),
    (&[LogRead, Chat], &[&OF_ENTRIES, &OF_CHAT]),
];

fn kinds(seen: &[&[&str]]) -> BTreeSet<String> {
    seen.concat().into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_poll_leaves_out_rows_outside_the_scopes_of_its_key() {
    let app = TestApp::start().await;
    let (ada, beginning) = with_feed(&app).await;
    let end = ada.cursor().await;
    for (scopes, seen) in SEEN {
        let key = app.key_with(&ada, Scopes::of(scopes)).await;
        let (mut found, mut cursor) = (BTreeSet::new(), beginning.clone());
        while cursor != end {
            let page = key.lists(&format!("after={cursor}")).await;
            for (list, kind) in [
                ("logs", "entry"),
                ("messages", "message"),
                ("conversations", "conversation"),
            ] {
                found.extend((page[list] != json!([])).then(|| kind.to_owned()));
            }
            for removed in page["removed"].as_array().unwrap() {
                found.insert(format!("removed {}", removed["kind"].as_str().unwrap()));
            }
            cursor = page["cursor"].as_str().unwrap().to_owned();
        }
        assert_eq!(found, kinds(seen), "{scopes:?}");
        let first = key.lists("").await;
        assert_eq!(first["logs"] != json!([]), scopes.contains(&LogRead));
        assert_eq!(first["cursor"], end);
    }
}

#[tokio::test]
async fn a_stream_leaves_out_frames_outside_the_scopes_of_its_key() {
    let app = TestApp::with(
        |_| {},
        |app| app.timing.heartbeat = Duration::from_millis(50),
    )
    .await;
    let (ada, beginning) = with_feed(&app).await;
    let end = ada.cursor().await;
    for (scopes, seen) in SEEN {
        let key = app.key_with(&ada, Scopes::of(scopes)).await;
        let mut stream = key.streams(&format!("after={beginning}")).await;
        let mut found = BTreeSet::new();
        loop {
            let event = stream.next_event().await;
            match event.event.as_str() {
                "heartbeat" if event.id.as_ref() == Some(&end) => break,
                "heartbeat" => {}
                "removed" => {
                    let kind = event.data["removed"]["kind"].as_str().unwrap().to_owned();
                    found.insert(format!("removed {kind}"));
                }
                kind => _ = found.insert(kind.to_owned()),
            }
        }
        assert_eq!(found, kinds(seen), "{scopes:?}");
    }
}

#[tokio::test]
async fn an_export_leaves_out_what_is_outside_the_scopes_of_its_key() {
    let app = TestApp::start().await;
    let (ada, _) = with_feed(&app).await;
    for (scopes, expected) in [
        (&[LogRead][..], &["entry"][..]),
        (&[Chat], &["conversation", "message"]),
        (&[LogRead, Chat], &["conversation", "entry", "message"]),
    ] {
        let key = app.key_with(&ada, Scopes::of(scopes)).await;
        let answer = key.gets("/api/work-log/export?messages=true").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let text = answer.text();
        let found: BTreeSet<&str> = text
            .lines()
            .map(|line| {
                let line: Value = serde_json::from_str(line).unwrap();
                ["conversation", "message"]
                    .into_iter()
                    .find(|kind| line[kind].is_object())
                    .unwrap_or("entry")
            })
            .collect();
        assert_eq!(Vec::from_iter(found), expected, "{scopes:?}");
    }
}

#[tokio::test]
async fn a_refusal_names_the_missing_scope() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let note = ada.notes("a note").await;
    let writes = app.key_with(&ada, Scopes::of(&[LogWrite])).await;
    for (path, scope) in [
        (address_of(&note), "log:read"),
        ("/api/work-log/list".into(), "log:read"),
        ("/api/conversations".into(), "chat"),
        ("/api/work-log/stats".into(), "admin"),
    ] {
        let answer = writes.gets(&path).await;
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let detail = format!("This key needs the scope `{scope}`.");
        assert_eq!(answer.expect(403)["detail"], detail, "{path}");
    }
    for (path, accept) in [("/settings", "text/html"), ("/fn/page/settings", "*/*")] {
        let method = if path.starts_with("/fn") {
            "POST"
        } else {
            "GET"
        };
        let request = writes
            .request(method.parse().unwrap(), path)
            .header("accept", accept);
        let answer = crate::tests::support::Answer::to(request).await.expect(403);
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.contains("browsers that are signed in"), "{detail}");
    }
}

#[tokio::test]
async fn the_scope_admin_works_only_while_its_owner_is_an_admin() {
    let app = TestApp::start().await;
    let (_, ada) = (app.admin().await, app.person("ada@example.org").await);
    let key = app.key_with(&ada, Scopes::of(&[Admin])).await;
    for is_admin in [false, true, false] {
        set_admin(&app.app.store, app.app.clock.now(), ada.id, is_admin)
            .await
            .unwrap();
        let answer = key.gets("/api/work-log/stats").await;
        assert_eq!(answer.status, if is_admin { 200 } else { 403 });
    }
}

#[tokio::test]
async fn the_settings_form_makes_a_key_with_the_chosen_scopes_and_expiry() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    for (fields, scopes, expires) in [
        (&[][..], "log:write, log:read", "never"),
        (
            &[
                ("scope%5B%5D", "chat"),
                ("scope%5B%5D", "approve"),
                ("expires", ""),
            ],
            "chat, approve",
            "never",
        ),
        (
            &[("scope[]", "log:read"), ("expires", "30")],
            "log:read",
            "2026-12-24",
        ),
    ] {
        let form = [&[("name", "Deploy script")], fields].concat();
        let made = ada.submits("/fn/keys/create", "/settings", &form).await;
        assert_eq!(made.header("location"), "/settings", "{fields:?}");
        let page = ada.gets("/settings").await.text();
        let table = page.split("</table>").next().unwrap().to_owned();
        assert!(table.contains(scopes) && table.contains(expires), "{table}");
        let id = table
            .split("<code>holly_")
            .nth(1)
            .unwrap()
            .split('_')
            .next();
        let id = [("id", id.unwrap())];
        ada.submits("/fn/keys/revoke", "/settings", &id).await;
    }
    for fields in [[("scope[]", "everything")], [("expires", "never")]] {
        let form = [[("name", "Deploy script")], fields].concat();
        let refused = ada.submits("/fn/keys/create", "/settings", &form).await;
        assert!(refused.header("location").contains("__err"), "{fields:?}");
    }
}
