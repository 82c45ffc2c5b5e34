//! The programs that Holly starts end with it, however it ends.

use super::home::{Home, Server, within};
use serde_json::json;

/// A server that has started a program, and the mark in the program's command line.
async fn with_a_program() -> (Home, Server, String) {
    let home = Home::with_a_person();
    let mark = home.data().join("mark").display().to_string();
    let program = std::env::var("HOLLY_TEST_MCP")
        .expect("HOLLY_TEST_MCP is not set; run `make test`, or single tests with .ci/services");
    let env = json!({ "PATH": std::env::var("PATH").unwrap() });
    let file = json!({ "mcpServers": { "every": { "command": "node", "args": [program, "stdio", mark], "env": env } } });
    std::fs::write(home.data().join("mcp.json"), file.to_string()).unwrap();
    let server = home.serve();
    within("the program to start", until(&mark, 1)).await;
    (home, server, mark)
}

/// Waits until so many processes have the mark in their command line.
async fn until(mark: &str, count: usize) {
    while processes(mark) != count {
        tokio::task::yield_now().await;
    }
}

fn processes(mark: &str) -> usize {
    let lines = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok());
    lines
        .filter(|line| String::from_utf8_lossy(line).contains(mark))
        .count()
}

#[tokio::test]
async fn told_to_end_holly_ends_the_programs_it_has_started() {
    let (_home, server, mark) = with_a_program().await;
    assert_eq!(server.terminate().await.code(), Some(0));
    // one that had not begun to answer is killed, which takes it a moment
    within("the program to end", until(&mark, 0)).await;
}

#[tokio::test]
async fn killed_without_warning_holly_leaves_no_program_behind() {
    let (_home, server, mark) = with_a_program().await;
    server.kill();
    within("the program to end", until(&mark, 0)).await;
}
