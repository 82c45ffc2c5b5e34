//! `holly copy` as a process: it refuses to run beside a server and continues after being killed.

use super::home::{Home, kill_after};
use reqwest::Method;
use serde_json::json;

const ENTRIES: usize = 300;
/// Numbers of statements after which it is killed.
const KILL_AFTER: [usize; 6] = [1, 20, 40, 60, 80, 100];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_requires_a_stopped_server_and_continues_after_a_kill() {
    let home = Home::with_user();
    let server = home.serve();
    for n in 0..ENTRIES {
        let body = json!({
            "logType": "info", "status": "info",
            "title": format!("entry {n}"), "details": "some text ".repeat(50),
        });
        let request = server
            .caller
            .request(Method::POST, "/api/work-log/create")
            .json(&body);
        assert_eq!(server.caller.tries(request).await.unwrap().0, 201);
    }
    let (expected, cursor) = (
        server.caller.entries().await,
        server.caller.gets("/api/work-log/list?limit=1").await["cursor"].clone(),
    );
    let folder = tempfile::tempdir().unwrap();
    let to = format!("sqlite://{}", folder.path().join("copy.db").display());
    let text = |arguments: &[&str]| {
        let output = home.run(arguments, "");
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let (copied, why) = text(&["copy", "--to", &to]);
    assert!(
        !copied && why.contains("another holly is using it"),
        "{why}"
    );
    server.terminate().await;
    for statements in KILL_AFTER {
        let mut command = home.command();
        let killed = kill_after(command.args(["copy", "--to", &to]), statements);
        assert!(killed, "it finished before {statements} statements");
    }
    let (copied, output) = text(&["copy", "--to", &to]);
    assert!(
        copied
            && output.contains("same    work_logs: 300 rows")
            && output.contains("The archive stays in file://"),
        "{output}"
    );
    let (copied, output) = text(&["copy", "--to", &to]);
    assert!(
        copied && output.contains("are in the target already"),
        "{output}"
    );
    let (copied, why) = text(&[
        "copy",
        "--to",
        &format!("sqlite://{}", home.data().join("holly.db").display()),
    ]);
    assert!(!copied && why.contains("the database itself"), "{why}");

    let server = home.serve_with(&[("DATABASE_URL", &to)]);
    assert_eq!(server.caller.entries().await, expected);
    let since = format!("/api/work-log/list?after={}", cursor.as_str().unwrap());
    assert_eq!(
        server.caller.gets(&since).await["count"],
        0,
        "the cursor should stay valid"
    );
    server.terminate().await;
}
