//! Markup in stored text and in addresses stays text on every page.

use crate::{
    server::{archive::holds, base::new_id, identity},
    tests::support::{Answer, Person, TestApp},
};
use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::json;

/// Ends every element that holds text only, and every attribute.
const CANARY: &str = "\"'></title></textarea></script></style></svg>--><x-canary>";

/// The same as a part of an address.
const CANARY_IN_QUERY: &str = "%22%27%3E%3C/title%3E%3C/textarea%3E%3C/script%3E%3Cx-canary%3E";

/// What may be inside an email address or a file name.
const SHORT_CANARY: &str = "\"'><x-canary>";

/// The names of the tags of a page, as a browser finds them.
fn tags(html: &str) -> Vec<String> {
    let (mut rest, mut names) = (html, Vec::new());
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, rest)| rest);
            continue;
        }
        let is_end = rest.starts_with('/');
        rest = rest.strip_prefix('/').unwrap_or(rest);
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let name_end = rest.find(|c: char| c.is_whitespace() || "/>".contains(c));
        let name = rest[..name_end.unwrap_or(rest.len())].to_lowercase();
        let mut quote = None;
        let tag_end = rest.find(|c| match quote {
            None if c == '>' => true,
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                false
            }
            Some(open) if open == c => {
                quote = None;
                false
            }
            _ => false,
        });
        rest = &rest[tag_end.unwrap_or(rest.len())..];
        let holds_text = matches!(name.as_str(), "title" | "textarea" | "script" | "style");
        if holds_text && !is_end {
            let end = format!("</{name}");
            rest = &rest[rest.to_ascii_lowercase().find(&end).unwrap_or(rest.len())..];
        }
        names.push(name);
    }
    names
}

#[test]
fn tags_are_found_as_browsers_find_them() {
    for (html, found) in [
        ("<p title='<b>'>a < b</p>", "p p"),
        ("<title>a <b></title><x-canary>", "title title x-canary"),
        ("<script>'</p>'</SCRIPT ><i>", "script script i"),
        ("<!-- <b> --><br/>", "br"),
    ] {
        assert_eq!(tags(html).join(" "), found, "{html}");
    }
}

/// An admin of whom every text that pages show contains the canary; with a conversation.
async fn plants(app: &TestApp) -> (Person, String) {
    let now = app.app.clock.now();
    let store = &app.app.store;
    let ada = app.browser(&format!("{SHORT_CANARY}@example.org")).await;
    identity::set_admin(store, now, ada.id, true).await.unwrap();
    identity::begin_session(store, now, ada.id, CANARY)
        .await
        .unwrap();
    identity::create_key(store, now, ada.id, CANARY)
        .await
        .unwrap();
    // an address that is refused cannot be shown either
    _ = identity::invite(store, now, Some(ada.id), "<x-canary>@example.org", false).await;
    let conversation = ada.begins().await;
    let form = Form::new().text("content", CANARY).part(
        "attachment",
        Part::bytes(b"x".to_vec()).file_name(SHORT_CANARY),
    );
    let messages = format!("/api/conversations/{conversation}/messages");
    Answer::to(ada.request(Method::POST, &messages).multipart(form))
        .await
        .expect(202);
    ada.awaits_the_end(&conversation).await;
    ada.sends_patch(
        &format!("/api/conversations/{conversation}"),
        json!({ "title": CANARY }),
    )
    .await
    .expect(200);
    for (log_type, status) in [
        ("info", "info"),
        ("tool_call", "error"),
        ("ai_response", "success"),
    ] {
        let entry = json!({
            "logType": log_type, "status": status, "title": CANARY, "details": CANARY,
            "conversationId": conversation, "durationMs": 5,
            "metadata": {
                "tool": CANARY, "model": CANARY, "modelName": CANARY, "provider": CANARY,
                "error": CANARY, CANARY: CANARY, "inputTokens": 1, "outputTokens": 1,
                "files": [{
                    "id": new_id::file(now), "mediaType": "image/png", "name": CANARY,
                    "bytes": 1, "description": CANARY
                }],
            },
        });
        app.logs(&ada, entry).await;
    }
    let scope = (ada.id, Some(conversation.parse().unwrap()));
    holds::place_hold(&app.app.tiers, now, ada.id, scope, CANARY)
        .await
        .unwrap();
    (ada, conversation)
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_markup_is_a_tag_on_no_page() {
    let app = TestApp::start().await;
    let (ada, conversation) = plants(&app).await;
    let (nobody, query) = (app.anonymous(), CANARY_IN_QUERY);
    for (reader, page, shows_it) in [
        (&ada, "/".to_owned(), true),
        (&ada, format!("/c/{conversation}"), true),
        (
            &ada,
            format!("/c/{conversation}?deleted={query}&around={query}"),
            false,
        ),
        (&ada, format!("/c/{query}"), false),
        (&ada, format!("/?__path=%2Ffn&__err={query}"), false),
        (&ada, "/conversations".to_owned(), true),
        (&ada, "/history".to_owned(), true),
        (
            &ada,
            format!("/history?q={query}&status={query}&deleted={query}"),
            true,
        ),
        (&ada, "/settings".to_owned(), true),
        (&ada, format!("/settings?changed={query}"), true),
        (&ada, "/settings/people".to_owned(), true),
        (
            &ada,
            format!("/settings/people?part={query}&erased={query}"),
            true,
        ),
        (&ada, "/stats?days=1&plan=1".to_owned(), false),
        (&ada, "/holds".to_owned(), true),
        (&ada, "/gallery".to_owned(), false),
        (&ada, format!("/{query}"), false),
        (&ada, "/api/work-log/export?format=html".to_owned(), true),
        (
            &nobody,
            format!("/sign-in?next=/{query}&erased={query}&trouble={query}"),
            true,
        ),
        (&nobody, format!("/join?secret={query}"), false),
    ] {
        let html = reader.gets(&page).await.text();
        let found = tags(&html);
        assert!(found.len() > 5, "{page}: {html}");
        assert!(
            !found.iter().any(|name| name == "x-canary"),
            "{page}: {html}"
        );
        assert!(!shows_it || html.contains("x-canary"), "{page}: {html}");
    }
}
