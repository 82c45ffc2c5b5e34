//! `GET /files/{id}`: what tools made.

use crate::{
    domain::ids::{FileId, UserId},
    server::{base::new_id, store::files},
    tests::support::{Answer, Person, TestApp},
};
use reqwest::Method;

/// Keeps a file for a person as a tool's would be kept, and returns its address.
async fn keep(app: &TestApp, owner: &Person, media_type: &str, bytes: &[u8]) -> (FileId, String) {
    let conversation_id = owner.begins().await.parse().unwrap();
    let (now, user): (_, UserId) = (app.app.clock.now(), owner.id);
    let id = new_id::file(now);
    app.app.files.write(user, id, bytes.to_vec()).await.unwrap();
    let size = i64::try_from(bytes.len()).unwrap();
    let file = files::FileRecord {
        id,
        conversation_id,
        media_type: media_type.into(),
        name: "made".into(),
        bytes: size,
    };
    let mut tx = app.app.store.begin().await.unwrap();
    files::insert(&mut tx, now, user, &file).await.unwrap();
    tx.commit().await.unwrap();
    (id, format!("/files/{id}"))
}

#[tokio::test]
async fn a_file_is_its_owner_s_only() {
    let app = TestApp::start().await;
    let (ada, bob) = (
        app.person("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    let picture = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let (_, address) = keep(&app, &ada, "image/svg+xml", picture.as_bytes()).await;
    let answer = ada.gets(&address).await;
    assert_eq!(
        (
            answer.status,
            answer.header("content-type"),
            answer.text().as_str()
        ),
        (200, "image/svg+xml", picture)
    );
    assert_eq!(
        (
            bob.gets(&address).await.status,
            app.nobody().gets(&address).await.status
        ),
        (404, 401)
    );
}

#[tokio::test]
async fn a_file_stays_what_it_is_wherever_it_is_opened() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let (_, address) = keep(&app, &ada, "image/svg+xml", b"<svg/>").await;
    let answer = ada.gets(&address).await;
    let policy = answer.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'") && policy.ends_with("sandbox"),
        "{policy}"
    );
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "private, max-age=31536000, immutable"),
    ] {
        assert_eq!(answer.header(name), value);
    }
}

#[tokio::test]
async fn a_player_may_ask_for_a_part() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let (_, address) = keep(&app, &ada, "audio/wav", b"0123456789").await;
    let part = |range: &str| Answer::to(ada.request(Method::GET, &address).header("range", range));
    let middle = part("bytes=2-4").await;
    assert_eq!(
        (
            middle.status,
            middle.header("content-range"),
            middle.text().as_str()
        ),
        (206, "bytes 2-4/10", "234")
    );
    assert_eq!(part("bytes=-3").await.text(), "789");
    assert_eq!(part("bytes=20-").await.status, 416);
    assert_eq!(
        part("bytes=20-").await.header("content-range"),
        "bytes */10"
    );
    assert_eq!(
        (
            part("bytes=0-1,4-5").await.status,
            part("bytes=0-1,4-5").await.text().as_str()
        ),
        (200, "0123456789")
    );
    let whole = ada.gets(&address).await;
    assert_eq!(
        (
            whole.header("accept-ranges"),
            whole.header("content-length")
        ),
        ("bytes", "10")
    );
    let tag = whole.header("etag").to_owned();
    let when = |range: &str, tag: &str| {
        Answer::to(
            ada.request(Method::GET, &address)
                .header("range", range)
                .header("if-range", tag),
        )
    };
    assert_eq!(
        (
            when("bytes=2-4", &tag).await.status,
            when("bytes=2-4", "\"another\"").await.status
        ),
        (206, 200)
    );
    let head = Answer::to(ada.request(Method::HEAD, &address)).await;
    assert_eq!(
        (head.status, head.header("content-length"), head.bytes.len()),
        (200, "10", 0)
    );
}

#[tokio::test]
async fn who_holds_a_file_already_is_told_so() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let (_, address) = keep(&app, &ada, "audio/wav", b"0123456789").await;
    let tag = ada.gets(&address).await.header("etag").to_owned();
    let again = Answer::to(
        ada.request(Method::GET, &address)
            .header("if-none-match", format!("\"x\", {tag}")),
    )
    .await;
    assert_eq!(
        (again.status, again.bytes.len(), again.header("etag")),
        (304, 0, tag.as_str())
    );
    assert_eq!(
        Answer::to(
            ada.request(Method::GET, &address)
                .header("if-none-match", "\"x\"")
        )
        .await
        .text(),
        "0123456789"
    );
}

#[tokio::test]
async fn a_deleted_conversation_takes_its_files_with_it() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let (id, address) = keep(&app, &ada, "audio/wav", b"sound").await;
    let here = ada.gets("/api/conversations").await.expect(200)["conversations"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    ada.deletes(&format!("/api/conversations/{here}"))
        .await
        .expect(200);
    assert_eq!(
        (
            ada.gets(&address).await.status,
            app.file(ada.id, id).exists()
        ),
        (404, false)
    );
}
