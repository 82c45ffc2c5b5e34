//! The curl lines of the README and of docs/http-api.md, run by bash as a reader pastes them: the
//! blocks of one page in order in one shell, against a real server.

use super::support::TestApp;
use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

/// Addresses in the text that stand for the reader's server.
const ADDRESSES: [&str; 2] = ["http://127.0.0.1:3000", "http://localhost:3000"];

/// Runs before a page's blocks. An HTTP error fails its line; only a transfer with `--max-time`
/// may end by running out of time.
const PRELUDE: &str = r#"
set -euo pipefail
curl() {
  local status=0
  command curl --fail-with-body "$@" || status=$?
  if [ "$status" -eq 28 ] && [[ " $* " == *" --max-time "* ]]; then status=0; fi
  return "$status"
}
"#;

#[tokio::test]
async fn the_readme_shows_curl_lines_that_work() {
    let output = run_page("README.md").await;
    for expected in ["\"status\":\"success\"", "event: heartbeat"] {
        assert!(output.contains(expected), "no {expected} in:\n{output}");
    }
}

#[tokio::test]
async fn the_page_of_the_http_api_shows_curl_lines_that_work() {
    let output = run_page("docs/http-api.md").await;
    for expected in [
        "\"receipt\":",
        "\"turnId\":\"",
        "event: heartbeat",
        "\"decision\":\"once\"",
        "Buy lamp oil.",
    ] {
        assert!(output.contains(expected), "no {expected} in:\n{output}");
    }
}

/// Runs the curl blocks of a page with an admin's key in `KEY` and returns what they print.
async fn run_page(page: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let blocks = curl_blocks(&fs::read_to_string(root.join(page)).unwrap());
    assert!(!blocks.is_empty(), "{page} has no sh block with curl");
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let key = app
        .key_of(&admin)
        .await
        .credential
        .as_ref()
        .and_then(|(_, value)| value.strip_prefix("Bearer "))
        .unwrap()
        .to_owned();
    let script = ADDRESSES.iter().fold(script(&blocks), |script, address| {
        script.replace(address, &admin.base)
    });
    assert!(
        !script.contains(":3000"),
        "{page} names a server that the test does not replace"
    );
    let output = tokio::task::spawn_blocking(move || bash(&script, &key))
        .await
        .unwrap();
    let (printed, errors) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{page}: {}\n{errors}\n{printed}",
        output.status
    );
    printed
}

/// The text of each fenced `sh` block that runs curl.
fn curl_blocks(page: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while lines.by_ref().any(|line| line.trim() == "```sh") {
        let block: Vec<&str> = lines
            .by_ref()
            .take_while(|line| line.trim() != "```")
            .collect();
        if block.iter().any(|line| line.contains("curl ")) {
            blocks.push(block.join("\n"));
        }
    }
    blocks
}

/// The blocks in one shell script. A variable that a block sets must not be empty after it.
fn script(blocks: &[String]) -> String {
    let mut script = PRELUDE.to_owned();
    for (number, block) in blocks.iter().enumerate() {
        script += &format!("echo 'block {} of the page' >&2\n{block}\n", number + 1);
        for name in block.lines().filter_map(assigned) {
            script += &format!(": \"${{{name}:?is empty}}\"\n");
        }
    }
    script
}

/// The variable that a line sets.
fn assigned(line: &str) -> Option<&str> {
    let (name, _) = line.split_once('=')?;
    let is_name = |c: char| c.is_ascii_uppercase() || c == '_';
    (!name.is_empty() && name.chars().all(is_name)).then_some(name)
}

fn bash(script: &str, key: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.sh");
    fs::write(&file, script).unwrap();
    Command::new("timeout")
        .args(["120", "bash"])
        .arg(&file)
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", folder.path())
        .env("KEY", key)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}
