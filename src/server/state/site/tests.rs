use super::{
    Files, Site,
    program::{self, File},
};
use axum::{
    body::{Body, to_bytes},
    http::{Request, Response},
};
use tower::ServiceExt;

const SCRIPT: &[u8] = b"the script as it is, long enough to be worth compressing";
const FILES: &[File] = &[
    File {
        address: "/pkg/holly.x1.js",
        tag: "aa",
        plain: SCRIPT,
        brotli: Some(b"small"),
        gzip: Some(b"smaller"),
    },
    File {
        address: "/pkg/holly.x2.wasm",
        tag: "bb",
        plain: b"wasm",
        brotli: None,
        gzip: None,
    },
    File {
        address: "/samples/rain.webm",
        tag: "cc",
        plain: b"0123456789",
        brotli: None,
        gzip: None,
    },
];

async fn get(address: &str, headers: &[(&str, &str)]) -> (Response<()>, Vec<u8>) {
    let mut request = Request::get(address);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, body) = program::service(FILES)
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap()
        .into_parts();
    (
        Response::from_parts(parts, ()),
        to_bytes(body, usize::MAX).await.unwrap().to_vec(),
    )
}

fn header<'a>(response: &'a Response<()>, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[test]
fn paths_are_read_from_the_table() {
    let site = Site::in_program(FILES).unwrap();
    assert_eq!(
        (site.script.as_str(), site.wasm.as_str(), site.files),
        ("/pkg/holly.x1.js", "/pkg/holly.x2.wasm", Files::Program)
    );
    assert_eq!(Site::in_program(&[]), None);
}

#[test]
fn in_a_folder_the_newest_build_is_used_and_none_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Site::find(Some(folder.path())).unwrap_err().to_string();
    assert!(
        missing.contains("make build") && missing.contains(&folder.path().display().to_string()),
        "{missing}"
    );
    std::fs::create_dir(folder.path().join("pkg")).unwrap();
    let beginning = std::time::SystemTime::UNIX_EPOCH;
    for (name, age) in [
        ("holly.z.js", 1),
        ("holly.a.js", 2),
        ("holly.a.js.br", 3),
        ("holly.a.wasm", 2),
        ("other.js", 4),
    ] {
        let file = std::fs::File::create(folder.path().join("pkg").join(name)).unwrap();
        file.set_modified(beginning + std::time::Duration::from_secs(age))
            .unwrap();
    }
    let site = Site::find(Some(folder.path())).unwrap();
    assert_eq!(
        (site.script.as_str(), site.wasm.as_str()),
        ("/pkg/holly.a.js", "/pkg/holly.a.wasm")
    );
}

#[tokio::test]
async fn a_client_gets_the_smallest_encoding_it_accepts() {
    for (accepted, coding, body) in [
        ("gzip, deflate, br, zstd", "br", &b"small"[..]),
        ("br;q=0, GZIP;q=0.5", "gzip", b"smaller"),
        ("gzip;q=nonsense", "", SCRIPT),
        ("identity", "", SCRIPT),
        ("", "", SCRIPT),
    ] {
        let (response, found) = get("/pkg/holly.x1.js", &[("accept-encoding", accepted)]).await;
        assert_eq!(
            (header(&response, "content-encoding"), found.as_slice()),
            (coding, body),
            "{accepted}"
        );
        assert_eq!(
            (header(&response, "content-type"), header(&response, "vary")),
            ("text/javascript", "accept-encoding"),
            "{accepted}"
        );
    }
    let (response, _) = get("/pkg/holly.x2.wasm", &[("accept-encoding", "br")]).await;
    assert_eq!(
        (
            header(&response, "content-type"),
            header(&response, "content-encoding")
        ),
        ("application/wasm", "")
    );
}

#[tokio::test]
async fn a_cached_file_is_not_sent_again() {
    let (response, _) = get("/pkg/holly.x1.js", &[("accept-encoding", "br")]).await;
    let tag = header(&response, "etag").to_owned();
    for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        let (response, body) = get(
            "/pkg/holly.x1.js",
            &[("accept-encoding", "br"), ("if-none-match", &known)],
        )
        .await;
        assert_eq!(
            (
                response.status().as_u16(),
                body.len(),
                header(&response, "etag")
            ),
            (304, 0, tag.as_str()),
            "{known}"
        );
    }
    let (response, _) = get(
        "/pkg/holly.x1.js",
        &[("accept-encoding", "gzip"), ("if-none-match", &tag)],
    )
    .await;
    assert_eq!(response.status(), 200, "another form is another thing");
}

#[tokio::test]
async fn a_requested_range_is_sent() {
    for (range, status, body, content_range) in [
        ("bytes=2-4", 206, &b"234"[..], "bytes 2-4/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=8-", 206, b"89", "bytes 8-9/10"),
        ("bytes=20-", 416, b"", "bytes */10"),
        ("bytes=0-1,4-5", 200, b"0123456789", ""),
        ("lines=1-2", 200, b"0123456789", ""),
    ] {
        let (response, found) = get("/samples/rain.webm", &[("range", range)]).await;
        assert_eq!(
            (
                response.status().as_u16(),
                found.as_slice(),
                header(&response, "content-range")
            ),
            (status, body, content_range),
            "{range}"
        );
    }
    let (response, _) = get(
        "/samples/rain.webm",
        &[("range", "bytes=2-4"), ("if-range", "\"old\"")],
    )
    .await;
    assert_eq!(response.status(), 200, "the file has changed since");
}
