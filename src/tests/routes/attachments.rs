//! Attachments: validated, stored, shown, logged, and passed to models that accept them.

use crate::{
    server::{
        assistant::model::{Model, ModelError, ModelEvent, ModelLink, ModelRequest, PromptMessage},
        base::new_id,
    },
    tests::support::{Answer, Person, TestApp},
};
use futures::stream::{self, BoxStream, StreamExt};
use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::json;
use std::sync::{Arc, Mutex};

const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n and then pixels";

fn form(content: &str, files: &[(&str, &[u8])]) -> Form {
    let attach = |form: Form, (name, bytes): &(&str, &[u8])| {
        form.part(
            "attachment",
            Part::bytes(bytes.to_vec()).file_name((*name).to_owned()),
        )
    };
    files
        .iter()
        .fold(Form::new().text("content", content.to_owned()), attach)
}

async fn send_message(person: &Person, conversation: &str, form: Form) -> Answer {
    Answer::to(
        person
            .request(
                Method::POST,
                &format!("/api/conversations/{conversation}/messages"),
            )
            .multipart(form),
    )
    .await
}

/// A model that answers and records its last prompt.
struct RecordingModel {
    link: ModelLink,
    prompt: Arc<Mutex<Vec<PromptMessage>>>,
}

impl Model for RecordingModel {
    fn link(&self) -> &ModelLink {
        &self.link
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, Result<ModelEvent, ModelError>> {
        *self.prompt.lock().unwrap() = request.messages;
        stream::iter([
            Ok(ModelEvent::Text("I see.".to_owned())),
            Ok(ModelEvent::End {
                usage: None,
                cut_short: false,
            }),
        ])
        .boxed()
    }
}

/// A server whose model sees pictures or not, and the last prompt of that model.
async fn with_recording_model(takes_pictures: bool) -> (TestApp, Arc<Mutex<Vec<PromptMessage>>>) {
    let prompt = Arc::<Mutex<Vec<PromptMessage>>>::default();
    let link = ModelLink {
        provider: "test",
        model: "listener".to_owned(),
        name: "Listener".to_owned(),
        window: 100_000,
        supports_images: takes_pictures,
    };
    (
        TestApp::with_models(vec![Arc::new(RecordingModel {
            link,
            prompt: prompt.clone(),
        })])
        .await,
        prompt,
    )
}

#[tokio::test]
async fn attachments_are_stored_shown_and_logged() {
    let app = TestApp::start().await;
    let (ada, bob) = (
        app.browser("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    let conversation = ada.begins().await;
    let sent = send_message(
        &ada,
        &conversation,
        form(
            "What is this?",
            &[
                ("a tree.png", PICTURE),
                ("notes.md", b"# Notes\nBuy oil.\n"),
            ],
        ),
    )
    .await
    .expect(202);
    let files = sent["message"]["attachments"].clone();
    assert_eq!(
        (
            &files[0]["mediaType"],
            &files[0]["name"],
            &files[0]["bytes"]
        ),
        (
            &json!("image/png"),
            &json!("a tree.png"),
            &json!(PICTURE.len())
        )
    );
    assert_eq!(
        (&files[1]["mediaType"], &files[1]["name"]),
        (&json!("text/plain; charset=utf-8"), &json!("notes.md"))
    );
    let read = ada.awaits_the_end(&conversation).await;
    assert_eq!(read["messages"][0]["attachments"], files);
    let entry = ada
        .entries(&conversation)
        .await
        .into_iter()
        .find(|entry| entry["logType"] == "file_operation")
        .unwrap();
    assert_eq!(
        (&entry["status"], &entry["title"]),
        (&json!("success"), &json!("Attached: a tree.png, notes.md"))
    );
    assert_eq!(
        (&entry["turnId"], &entry["metadata"]["attachments"]),
        (&sent["turnId"], &json!(2))
    );
    let address = format!("/files/{}", files[0]["id"].as_str().unwrap());
    let file = ada.gets(&address).await;
    assert_eq!(
        (
            file.bytes.as_slice(),
            file.header("content-type"),
            file.header("x-content-type-options")
        ),
        (PICTURE, "image/png", "nosniff")
    );
    assert_eq!(bob.gets(&address).await.status, 404);
    let page = ada.gets(&format!("/c/{conversation}")).await.text();
    assert!(
        page.contains(&address) && page.contains("alt=\"a tree.png\"") && page.contains("notes.md")
    );
    ada.deletes(&format!("/api/conversations/{conversation}"))
        .await
        .expect(200);
    let path = app.file(ada.id, files[0]["id"].as_str().unwrap().parse().unwrap());
    assert!(!path.exists());
}

#[tokio::test]
async fn invalid_attachments_are_refused_by_name_and_none_is_stored() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    let refused = send_message(
        &ada,
        &conversation,
        form(
            "Look",
            &[
                ("a.pdf", b"%PDF-1.7\0"),
                ("ok.png", PICTURE),
                ("empty.txt", b""),
            ],
        ),
    )
    .await
    .expect(422);
    let reasons: Vec<_> = refused["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["reason"].as_str().unwrap())
        .collect();
    assert!(
        reasons.len() == 2
            && reasons[0].starts_with("“a.pdf” is neither")
            && reasons[1] == "“empty.txt” is empty",
        "{reasons:?}"
    );
    let five = vec![("x.txt", b"x".as_slice()); 5];
    assert_eq!(
        send_message(&ada, &conversation, form("Look", &five))
            .await
            .refused_fields(),
        ["attachment"]
    );
    assert_eq!(
        send_message(&ada, &conversation, form(" ", &[("ok.png", PICTURE)]))
            .await
            .refused_fields(),
        ["content"]
    );
    assert_eq!(
        send_message(&ada, &conversation, form("Look", &[]).text("more", "x"))
            .await
            .refused_fields(),
        ["more"]
    );
    let folder = app.file(ada.id, new_id::file(app.app.clock.now()));
    assert!(std::fs::read_dir(folder.parent().unwrap()).map_or(0, Iterator::count) == 0);
    assert_eq!(ada.reads(&conversation).await["messages"], json!([]));
    let large = [PICTURE, &vec![0; 5 * 1024 * 1024]].concat();
    assert_eq!(
        send_message(&ada, &conversation, form("Look", &[("large.png", &large)]))
            .await
            .refused_fields(),
        ["attachment"]
    );
    let json = json!({ "content": "x".repeat(200 * 1024) });
    assert_eq!(
        ada.posts(&format!("/api/conversations/{conversation}/messages"), json)
            .await
            .status,
        413
    );
}

#[tokio::test]
async fn a_vision_model_gets_the_picture_and_the_text() {
    let (app, prompt) = with_recording_model(true).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    send_message(
        &ada,
        &conversation,
        form(
            "What is this?",
            &[("tree.png", PICTURE), ("notes.md", b"Buy oil.")],
        ),
    )
    .await
    .expect(202);
    ada.awaits_the_end(&conversation).await;
    let Some(PromptMessage::User(text, pictures)) = prompt.lock().unwrap().last().cloned() else {
        panic!("a user message")
    };
    assert_eq!(
        text,
        "What is this?\n\n# Attached file “notes.md”\n\nBuy oil."
    );
    assert_eq!(
        (
            pictures.len(),
            pictures[0].media_type.as_str(),
            &pictures[0].bytes[..]
        ),
        (1, "image/png", PICTURE)
    );
    let kinds: Vec<_> = ada
        .entries(&conversation)
        .await
        .iter()
        .map(|entry| entry["logType"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["file_operation", "ai_response"]);
}

#[tokio::test]
async fn a_text_only_model_gets_a_note_about_pictures_and_the_log_says_so_once() {
    let (app, prompt) = with_recording_model(false).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    send_message(
        &ada,
        &conversation,
        form("What is this?", &[("tree.png", PICTURE)]),
    )
    .await
    .expect(202);
    ada.awaits_the_end(&conversation).await;
    let expected =
        "What is this?\n\n[The user attached the picture “tree.png”, which you cannot see.]";
    assert_eq!(
        prompt.lock().unwrap().last(),
        Some(&PromptMessage::User(expected.to_owned(), Vec::new()))
    );
    ada.says(&conversation, "And now?").await;
    ada.awaits_the_end(&conversation).await;
    let titles: Vec<_> = ada
        .entries(&conversation)
        .await
        .iter()
        .map(|entry| entry["title"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        titles
            .iter()
            .filter(|title| *title == "Listener cannot see pictures: tree.png")
            .count(),
        1,
        "{titles:?}"
    );
}

#[tokio::test]
async fn only_the_newest_eight_pictures_are_sent() {
    let (app, prompt) = with_recording_model(true).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    for _ in 0..3 {
        send_message(
            &ada,
            &conversation,
            form(
                "More",
                &[
                    ("one.png", PICTURE),
                    ("two.png", PICTURE),
                    ("three.png", PICTURE),
                ],
            ),
        )
        .await
        .expect(202);
        ada.awaits_the_end(&conversation).await;
    }
    let picture_counts: Vec<usize> = prompt
        .lock()
        .unwrap()
        .iter()
        .filter_map(|message| {
            if let PromptMessage::User(_, pictures) = message {
                Some(pictures.len())
            } else {
                None
            }
        })
        .collect();
    assert_eq!(picture_counts, [2, 3, 3]);
}

#[tokio::test]
async fn the_composer_form_sends_files_without_javascript() {
    let app = TestApp::start().await;
    let ada = app.browser("ada@example.org").await;
    let submit = |form: Form, from: &str| {
        let request = ada
            .request(Method::POST, "/messages")
            .header("accept", "text/html")
            .header("origin", &ada.base);
        Answer::to(
            request
                .header("referer", format!("{}{from}", ada.base))
                .multipart(form),
        )
    };
    let sent = submit(form("Look\r\nhere", &[("tree.png", PICTURE)]), "/").await;
    let page = sent.header("location").to_owned();
    assert!(
        sent.status == 303 && page.starts_with("/c/"),
        "{} {page}",
        sent.status
    );
    let conversation = page.trim_start_matches("/c/");
    let read = ada.awaits_the_end(conversation).await;
    assert_eq!(
        (
            &read["messages"][0]["content"],
            &read["messages"][0]["attachments"][0]["name"]
        ),
        (&json!("Look\nhere"), &json!("tree.png"))
    );
    let without_file =
        form("And without?", &[("", b"")]).text("conversation_id", conversation.to_owned());
    assert_eq!(submit(without_file, &page).await.header("location"), page);
    ada.awaits_the_end(conversation).await;
    let refused = submit(form("Look", &[("a.pdf", b"%PDF\0")]), "/").await;
    let back = refused
        .header("location")
        .trim_start_matches(&ada.base)
        .to_owned();
    assert_eq!(refused.status, 303);
    assert!(
        ada.follows(&refused)
            .await
            .text()
            .contains("“a.pdf” is neither"),
        "{back}"
    );
}
