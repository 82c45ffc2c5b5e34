//! `GET /files/{id}`: files made by tools.

use crate::{
    domain::ids::{FileId, UserId},
    server::{base::new_id, store::files},
    tests::support::{Answer, Person, TestApp},
};
use reqwest::Method;

/// Stores a file of `owner` as a tool would; returns its id and address.
async fn store_file(
    app: &TestApp,
    owner: &Person,
    media_type: &str,
    bytes: &[u8],
) -> (FileId, String) {
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
async fn a_file_is_served_to_its_owner_only() {
    let app = TestApp::start().await;
    let (ada, bob) = (
        app.person("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    let picture = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let (_, address) = store_file(&app, &ada, "image/svg+xml", picture.as_bytes()).await;
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
            app.anonymous().gets(&address).await.status
        ),
        (404, 401)
    );
}

#[tokio::test]
async fn files_are_served_with_restrictive_headers() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let (_, address) = store_file(&app, &ada, "image/svg+xml", b"<svg/>").await;
    let answer = ada.gets(&address).await;
    let policy = answer.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'") && policy.ends_with("sandbox"),
        "{policy}"
    );
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "private, no-cache"),
        (
            "content-disposition",
            "inline; filename=\"made\"; filename*=UTF-8''made",
        ),
    ] {
        assert_eq!(answer.header(name), value);
    }
}

#[tokio::test]
async fn range_requests_are_served() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let (_, address) = store_file(&app, &ada, "audio/wav", b"0123456789").await;
    let get_range =
        |range: &str| Answer::to(ada.request(Method::GET, &address).header("range", range));
    let middle = get_range("bytes=2-4").await;
    assert_eq!(
        (
            middle.status,
            middle.header("content-range"),
            middle.text().as_str()
        ),
        (206, "bytes 2-4/10", "234")
    );
    assert_eq!(get_range("bytes=-3").await.text(), "789");
    assert_eq!(get_range("bytes=20-").await.status, 416);
    assert_eq!(
        get_range("bytes=20-").await.header("content-range"),
        "bytes */10"
    );
    assert_eq!(
        (
            get_range("bytes=0-1,4-5").await.status,
            get_range("bytes=0-1,4-5").await.text().as_str()
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
    let part_if_range = |range: &str, tag: &str| {
        Answer::to(
            ada.request(Method::GET, &address)
                .header("range", range)
                .header("if-range", tag),
        )
    };
    assert_eq!(
        (
            part_if_range("bytes=2-4", &tag).await.status,
            part_if_range("bytes=2-4", "\"another\"").await.status
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
async fn a_matching_etag_gets_304() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let (_, address) = store_file(&app, &ada, "audio/wav", b"0123456789").await;
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
    assert_eq!(again.header("cache-control"), "private, no-cache");
    let signed_out = app
        .anonymous()
        .request(Method::GET, &address)
        .header("if-none-match", &tag);
    assert_eq!(Answer::to(signed_out).await.status, 401);
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
async fn deleting_a_conversation_deletes_its_files() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let (id, address) = store_file(&app, &ada, "audio/wav", b"sound").await;
    let conversation = ada.gets("/api/conversations").await.expect(200)["conversations"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    ada.deletes(&format!("/api/conversations/{conversation}"))
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
