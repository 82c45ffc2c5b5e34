//! Read and write deadlines against slow and silent clients over raw sockets.

use crate::{
    server::{
        http::router::router,
        serve::{
            connection_limiter::ConnectionLimits,
            listener::{Deadlines, serve},
        },
    },
    tests::support::{Person, TestApp, within},
};
use futures::future::join_all;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A deadline that tests wait for; long enough that a busy machine reads a whole request in time.
const SHORT: Duration = Duration::from_secs(1);
/// Deadlines that no test reaches.
pub(super) const LONG: Deadlines = Deadlines {
    head: Duration::from_secs(3_600),
    body: Duration::from_secs(3_600),
    write: Duration::from_secs(3_600),
};
const SHORT_HEAD: Deadlines = Deadlines {
    head: SHORT,
    ..LONG
};
const SHORT_BODY: Deadlines = Deadlines {
    body: SHORT,
    ..LONG
};

/// Serves `app` on another port with these deadlines.
async fn serve_on(app: &TestApp, deadlines: Deadlines) -> (SocketAddr, JoinHandle<()>) {
    serve_with(app, ConnectionLimits::default(), deadlines).await
}

/// Serves `app` on another port with these limits and deadlines.
pub(super) async fn serve_with(
    app: &TestApp,
    limits: ConnectionLimits,
    deadlines: Deadlines,
) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = router(app.app.clone(), crate::app::shell);
    let shutdown = app.app.shutdown.clone();
    let serving = tokio::spawn(serve(listener, router, limits, deadlines, shutdown));
    (address, serving)
}

pub(super) async fn connect_and_send(address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

/// Reads until the server closes the connection.
pub(super) async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // a reset closes the connection too
    _ = within("the end of a connection", stream.read_to_end(&mut bytes)).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads until the server has sent `end`.
pub(super) async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut bytes = Vec::new();
    while !String::from_utf8_lossy(&bytes).contains(end) {
        let read = within(end, stream.read_buf(&mut bytes)).await.unwrap();
        assert_ne!(read, 0, "{}", String::from_utf8_lossy(&bytes));
    }
    String::from_utf8(bytes).unwrap()
}

/// Waits longer than the head deadline: until two silent connections, opened in turn, are closed.
async fn outlast_head_deadline(address: SocketAddr) {
    for _ in 0..2 {
        assert_eq!(
            read_to_end(&mut connect_and_send(address, b"").await).await,
            ""
        );
    }
}

/// A request head with this content type and body length.
fn head(person: &Person, line: &str, kind: &str, length: usize) -> String {
    let (name, value) = person.credential.as_ref().unwrap();
    format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\n{name}: {value}\r\n\
         Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    )
}

const ENTRY: &str = r#"{"logType":"info","status":"info","title":"In two pieces"}"#;

fn create(person: &Person) -> String {
    let length = ENTRY.len();
    head(
        person,
        "POST /api/work-log/create",
        "application/json",
        length,
    )
}

#[tokio::test]
async fn an_incomplete_request_head_times_out() {
    let app = TestApp::start().await;
    let (address, _) = serve_on(&app, SHORT_HEAD).await;
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let no_settings = "\0\0\0\x04\0\0\0\0\0";
    let cases = [
        ("nothing", String::new(), 0),
        ("half a request line", request[..13].to_owned(), 0),
        ("half a head", request[..30].to_owned(), 0),
        (
            "the first letter of POST or of a preface",
            "P".to_owned(),
            0,
        ),
        ("half an HTTP/2 preface", preface[..16].to_owned(), 0),
        (
            "HTTP/2 without a request",
            format!("{preface}{no_settings}"),
            0,
        ),
        ("one request", request.to_owned(), 1),
        (
            "one request and half of the next",
            format!("{request}{}", &request[..13]),
            1,
        ),
    ];
    let checks = cases.map(|(case, bytes, answers)| async move {
        let answer = read_to_end(&mut connect_and_send(address, bytes.as_bytes()).await).await;
        let found = answer.matches("HTTP/1.1 200 OK").count();
        assert_eq!(found, answers, "{case}: {answer}");
    });
    join_all(checks).await;
}

#[tokio::test]
async fn a_slow_request_head_does_not_extend_its_deadline() {
    let app = TestApp::start().await;
    let (address, _) = serve_on(&app, SHORT_HEAD).await;
    let stream = connect_and_send(address, b"GET /healthz HTTP/1.1\r\nSlow: ").await;
    let (mut answer, mut request) = stream.into_split();
    let slow_writes = async {
        while request.write_all(b"a").await.is_ok() {
            tokio::task::yield_now().await;
        }
        std::future::pending::<()>().await;
    };
    let mut bytes = Vec::new();
    tokio::select! {
        _ = within("the end", answer.read_to_end(&mut bytes)) => {}
        () = slow_writes => {}
    }
    assert_eq!(String::from_utf8_lossy(&bytes), "");
}

#[tokio::test]
async fn a_stalled_body_times_out() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    let (address, _) = serve_on(&app, SHORT_BODY).await;
    let messages = format!("POST /api/conversations/{conversation}/messages");
    let form = "multipart/form-data; boundary=x";
    let part = "--x\r\nContent-Disposition: form-data; name=\"content\"\r\n\r\nHel";
    let half = head(&ada, &messages, "application/json", 90) + "{";
    let cases = [
        ("nothing of a body", create(&ada)),
        ("half a body", create(&ada) + &ENTRY[..20]),
        ("half a message", half),
        ("half a form", head(&ada, &messages, form, 900) + part),
    ];
    let checks = cases.map(|(case, bytes)| async move {
        let answer = read_to_end(&mut connect_and_send(address, bytes.as_bytes()).await).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{case}: {answer}");
        let has_reason = answer.contains("the rest of the body was not received in time");
        assert!(has_reason, "{case}: {answer}");
    });
    join_all(checks).await;
    let logs = ada.lists("").await["logs"].clone();
    assert_eq!(logs.as_array().map(Vec::len), Some(0), "{logs}");
}

#[tokio::test]
async fn streams_long_polls_and_uploads_outlive_the_head_deadline() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let cursor = ada.cursor().await;
    let (address, _) = serve_on(&app, SHORT_HEAD).await;
    let get = |path: String| head(&ada, &format!("GET {path}"), "text/plain", 0);
    let stream = get("/api/work-log/stream".to_owned());
    let poll = get(format!("/api/work-log/list?after={cursor}&wait=20"));
    let mut stream = connect_and_send(address, stream.as_bytes()).await;
    read_until(&mut stream, "event: heartbeat").await;
    let mut poll = connect_and_send(address, poll.as_bytes()).await;
    let (first, second) = ENTRY.split_at(20);
    let mut upload = connect_and_send(address, (create(&ada) + first).as_bytes()).await;
    outlast_head_deadline(address).await;
    upload.write_all(second.as_bytes()).await.unwrap();
    let created = read_until(&mut upload, "In two pieces").await;
    assert!(created.starts_with("HTTP/1.1 201 "), "{created}");
    read_until(&mut stream, "In two pieces").await;
    let polled = read_until(&mut poll, "In two pieces").await;
    assert!(polled.starts_with("HTTP/1.1 200 "), "{polled}");
}

#[tokio::test]
async fn http_2_works_without_tls() {
    let app = TestApp::start().await;
    let (address, _) = serve_on(&app, LONG).await;
    let client = reqwest::Client::builder().http2_prior_knowledge();
    let client = client.build().unwrap();
    let answer = client.get(format!("http://{address}/healthz")).send();
    let answer = within("an answer", answer).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.version()),
        (200, reqwest::Version::HTTP_2)
    );
}

#[tokio::test]
async fn shutdown_waits_for_streams_and_requests_in_flight() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let (address, serving) = serve_on(&app, LONG).await;
    let stream = head(&ada, "GET /api/work-log/stream", "text/plain", 0);
    let mut stream = connect_and_send(address, stream.as_bytes()).await;
    read_until(&mut stream, "event: heartbeat").await;
    let mut idle =
        connect_and_send(address, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    read_until(&mut idle, "\r\n\r\n").await;
    let mut silent = connect_and_send(address, b"").await;
    let (first, second) = ENTRY.split_at(20);
    let expecting = create(&ada).replacen("\r\n", "\r\nExpect: 100-continue\r\n", 1);
    let mut upload = connect_and_send(address, (expecting + first).as_bytes()).await;
    read_until(&mut upload, "100 Continue").await;
    app.app.shutdown.cancel();
    read_to_end(&mut stream).await;
    read_to_end(&mut idle).await;
    assert_eq!(read_to_end(&mut silent).await, "");
    assert!(!serving.is_finished(), "a request is in flight");
    upload.write_all(second.as_bytes()).await.unwrap();
    let created = read_to_end(&mut upload).await;
    assert!(created.starts_with("HTTP/1.1 201 "), "{created}");
    within("the end of serving", serving).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}
