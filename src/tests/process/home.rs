//! A data folder with an account and an API key, and the program running on it.

use holly::{
    domain::time::{DAY_MS, Timestamp},
    server::base::clock::Clock,
};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use std::{
    fs::File,
    future::Future,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio},
    time::Duration,
};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_holly");

/// Waits for `future`; panics after 180 s.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(180), future)
        .await
        .unwrap_or_else(|_| panic!("timed out waiting for {what}"))
}

/// Starts a command and kills it after `lines` log lines about its statements, so at the same point
/// on fast and slow machines. Returns whether it was still running.
pub fn kill_after(command: &mut Command, lines: usize) -> bool {
    let mut child = command
        .env("HOLLY_LOG", "sqlx::query=debug")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(child.stderr.take().unwrap());
    let written = log.lines().take(lines).count();
    child.kill().unwrap();
    child.wait().unwrap();
    written == lines
}

/// The time `days` days from now.
pub fn in_days(days: i64) -> Timestamp {
    Clock::system().now().plus(days * DAY_MS)
}

/// A data folder and a site folder with empty files.
pub struct Home {
    folder: TempDir,
    pub key: String,
    /// Settings in addition to the test defaults.
    pub settings: Vec<(&'static str, String)>,
}

impl Home {
    /// An unused data folder.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("site/pkg")).unwrap();
        for name in ["holly.js", "holly.wasm"] {
            std::fs::write(folder.path().join("site/pkg").join(name), "").unwrap();
        }
        Self {
            folder,
            key: String::new(),
            settings: Vec::new(),
        }
    }

    /// The data folder.
    pub fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// A data folder with an admin and an API key, created by commands.
    pub fn with_user() -> Self {
        let mut home = Self::empty();
        let added = home.run(
            &["user", "add", "ada@example.org", "--admin"],
            "correct horse\n",
        );
        assert!(added.status.success(), "{added:?}");
        let key = home.run(
            &[
                "key",
                "add",
                "--user",
                "ada@example.org",
                "--name",
                "a test",
                "--scope",
                "log:write,log:read,chat,approve,admin",
            ],
            "",
        );
        assert!(key.status.success(), "{key:?}");
        home.key = String::from_utf8(key.stdout).unwrap().trim().to_owned();
        assert!(home.key.starts_with("holly_"), "{}", home.key);
        home
    }

    /// The program with the test settings and no other environment variable.
    pub fn command(&self) -> Command {
        self.with_settings(Command::new(PROGRAM))
    }

    fn with_settings(&self, mut command: Command) -> Command {
        command
            .env_clear()
            .env("HOLLY_ADDR", "127.0.0.1:0")
            .env("HOLLY_DATA_DIR", self.data());
        command
            .env("HOLLY_SITE_DIR", self.folder.path().join("site"))
            .env("HOLLY_RATE_LIMIT_PER_MINUTE", "0");
        command
            .env("HOLLY_MESSAGES_PER_MINUTE", "0")
            .env("HOLLY_MAX_TURNS", "0")
            .env("HOLLY_TOKENS_PER_DAY", "0");
        command
            .env("HOLLY_DEMO_PACE", "0.02")
            .env("HOLLY_LOG", "error");
        command.envs(self.settings.iter().cloned());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command();
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    }

    /// Runs retention as of `days` days from now.
    pub fn run_retention(&self, days: i64) -> Output {
        let ran = self.run(
            &[
                "retention",
                "run",
                "--allow-future",
                "--as-of",
                &in_days(days).to_string(),
            ],
            "",
        );
        assert!(ran.status.success(), "{ran:?}");
        ran
    }

    /// Starts the server and waits until it listens.
    pub fn serve(&self) -> Server {
        self.start().wait()
    }

    /// [`Self::serve`] with further settings.
    pub fn serve_with(&self, settings: &[(&str, &str)]) -> Server {
        self.start_with(settings).wait()
    }

    /// [`Self::serve`], but the server ignores SIGXFSZ, so that [`Server::limit_file_size`] makes
    /// writes fail instead of killing it.
    pub fn serve_with_file_limit_signal_ignored(&self) -> Server {
        let mut shell = self.with_settings(Command::new("/bin/sh"));
        shell.args(["-c", "trap '' XFSZ; exec \"$0\"", PROGRAM]);
        let child = shell.stdout(Stdio::piped()).spawn().unwrap();
        StartingServer {
            child,
            key: self.key.clone(),
        }
        .wait()
    }

    /// [`Self::serve`] with the log in a file.
    pub fn serve_with_log(&self, log: File) -> Server {
        let child = self
            .command()
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        StartingServer {
            child,
            key: self.key.clone(),
        }
        .wait()
    }

    /// Starts the server without waiting.
    pub fn start(&self) -> StartingServer {
        self.start_with(&[])
    }

    fn start_with(&self, settings: &[(&str, &str)]) -> StartingServer {
        let child = self
            .command()
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        StartingServer {
            child,
            key: self.key.clone(),
        }
    }
}

/// A started server that may not listen yet.
pub struct StartingServer {
    child: Child,
    key: String,
}

impl StartingServer {
    /// Waits until it prints its URL.
    pub fn wait(mut self) -> Server {
        let mut stdout = BufReader::new(self.child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let base = line
            .trim()
            .strip_prefix("Holly is at ")
            .unwrap_or_else(|| panic!("unexpected output {line:?}"))
            .to_owned();
        Server {
            child: self.child,
            _stdout: stdout,
            caller: Caller {
                base,
                key: self.key,
                client: Client::new(),
            },
        }
    }
}

/// A running server; killed on drop.
pub struct Server {
    child: Child,
    _stdout: BufReader<ChildStdout>,
    pub caller: Caller,
}

impl Server {
    /// Kills it with SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Limits the size of its files, as a full disk would; `None` removes the limit.
    pub fn limit_file_size(&self, bytes: Option<u64>) {
        let limit = bytes.map_or_else(|| "unlimited".to_owned(), |bytes| bytes.to_string());
        let mut command = Command::new("prlimit");
        command.args([
            "--pid",
            &self.child.id().to_string(),
            &format!("--fsize={limit}:"),
        ]);
        assert!(command.status().unwrap().success());
    }

    /// Sends SIGTERM and waits until it exits.
    pub async fn terminate(mut self) -> ExitStatus {
        let signalled = Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", self.child.id())])
            .status()
            .unwrap();
        assert!(signalled.success());
        let (exited, status) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || exited.send(self.child.wait().unwrap()));
        within("the server to exit", status).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // it may have exited already
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A client of the HTTP API with an API key.
#[derive(Clone)]
pub struct Caller {
    pub base: String,
    pub client: Client,
    pub key: String,
}

impl Caller {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.key)
    }

    /// Status and body of the response; `None` if the server died meanwhile.
    pub async fn tries(&self, request: RequestBuilder) -> Option<(u16, Value)> {
        let response = within("a response", request.send()).await.ok()?;
        let status = response.status().as_u16();
        Some((status, within("a body", response.json()).await.ok()?))
    }

    pub async fn gets(&self, path: &str) -> Value {
        let (status, body) = self.tries(self.request(Method::GET, path)).await.unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// All entries, newest first.
    pub async fn entries(&self) -> Vec<Value> {
        let (mut entries, mut before) = (Vec::new(), String::new());
        loop {
            let page = self
                .gets(&format!("/api/work-log/list?limit=200&before={before}"))
                .await;
            entries.extend(page["logs"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => before = next.to_owned(),
                None => return entries,
            }
        }
    }

    /// All messages of a conversation.
    pub async fn messages(&self, conversation: &str) -> Vec<Value> {
        let (mut messages, mut before) = (Vec::new(), String::new());
        loop {
            let page = self
                .gets(&format!(
                    "/api/conversations/{conversation}?before={before}"
                ))
                .await;
            messages.extend(
                page["conversation"]["messages"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .cloned(),
            );
            match page["next"].as_str() {
                Some(next) => before = next.to_owned(),
                None => return messages,
            }
        }
    }
}
