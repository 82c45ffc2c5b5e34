//! A data folder with an account and a key, and the program running on it.

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

/// Waits for `future`, but not for ever.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(180), future)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Starts a command and kills it once it has written so many lines of log about its statements: at
/// the same place of its work on a fast and on a slow machine. Returns whether it was still at work
/// then.
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

/// The time in so many days.
pub fn in_days(days: i64) -> Timestamp {
    Clock::system().now().plus(days * DAY_MS)
}

/// A data folder and a built site, of which only the names matter here.
pub struct Home {
    folder: TempDir,
    pub key: String,
    /// Settings beside those that every test has.
    pub settings: Vec<(&'static str, String)>,
}

impl Home {
    /// A folder in which nothing was started yet.
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

    /// A folder with an account and its key, made by the command line.
    pub fn with_a_person() -> Self {
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
            ],
            "",
        );
        assert!(key.status.success(), "{key:?}");
        home.key = String::from_utf8(key.stdout).unwrap().trim().to_owned();
        assert!(home.key.starts_with("holly_"), "{}", home.key);
        home
    }

    /// The program on this folder, with no setting but those given here.
    pub fn command(&self) -> Command {
        self.set(Command::new(PROGRAM))
    }

    fn set(&self, mut command: Command) -> Command {
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

    /// Carries out what will be due in so many days.
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

    /// Starts the server and waits until it says where it is.
    pub fn serve(&self) -> Server {
        self.begin().serves()
    }

    /// The same with further settings.
    pub fn serve_with(&self, settings: &[(&str, &str)]) -> Server {
        self.begin_with(settings).serves()
    }

    /// The same for a server that is not killed when one of its files may not grow
    /// ([`Server::end_files_at`]).
    pub fn serve_where_files_may_end(&self) -> Server {
        let mut shell = self.set(Command::new("/bin/sh"));
        shell.args(["-c", "trap '' XFSZ; exec \"$0\"", PROGRAM]);
        let child = shell.stdout(Stdio::piped()).spawn().unwrap();
        Starting {
            child,
            key: self.key.clone(),
        }
        .serves()
    }

    /// The same for a server whose log goes into a file.
    pub fn serve_with_log(&self, log: File) -> Server {
        let child = self
            .command()
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        Starting {
            child,
            key: self.key.clone(),
        }
        .serves()
    }

    /// Starts the server.
    pub fn begin(&self) -> Starting {
        self.begin_with(&[])
    }

    fn begin_with(&self, settings: &[(&str, &str)]) -> Starting {
        let child = self
            .command()
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Starting {
            child,
            key: self.key.clone(),
        }
    }
}

/// A server that was started and may not serve yet.
pub struct Starting {
    child: Child,
    key: String,
}

impl Starting {
    /// Waits until it says where it is.
    pub fn serves(mut self) -> Server {
        let mut said = BufReader::new(self.child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let base = line
            .trim()
            .strip_prefix("Holly is at ")
            .unwrap_or_else(|| panic!("it said {line:?}"))
            .to_owned();
        Server {
            child: self.child,
            _said: said,
            caller: Caller {
                base,
                key: self.key,
                client: Client::new(),
            },
        }
    }
}

/// A running server; it is killed when the test ends.
pub struct Server {
    child: Child,
    _said: BufReader<ChildStdout>,
    pub caller: Caller,
}

impl Server {
    /// Kills it without warning, as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets no file of it grow beyond so many bytes, as on a disk that is full; `None` gives it
    /// room again.
    pub fn end_files_at(&self, bytes: Option<u64>) {
        let most = bytes.map_or_else(|| "unlimited".to_owned(), |bytes| bytes.to_string());
        let mut command = Command::new("prlimit");
        command.args([
            "--pid",
            &self.child.id().to_string(),
            &format!("--fsize={most}:"),
        ]);
        assert!(command.status().unwrap().success());
    }

    /// Asks it to end, as a service manager does, and waits until it has.
    pub async fn terminate(mut self) -> ExitStatus {
        let asked = Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", self.child.id())])
            .status()
            .unwrap();
        assert!(asked.success());
        let (ended, status) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || ended.send(self.child.wait().unwrap()));
        within("the program to end", status).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // it may have ended already, which is as good
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Calls the HTTP API by key.
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

    /// The status and the answer; `None` when the server died meanwhile.
    pub async fn tries(&self, request: RequestBuilder) -> Option<(u16, Value)> {
        let response = within("an answer", request.send()).await.ok()?;
        let status = response.status().as_u16();
        Some((status, within("a body", response.json()).await.ok()?))
    }

    pub async fn gets(&self, path: &str) -> Value {
        let (status, body) = self.tries(self.request(Method::GET, path)).await.unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Every entry there is, newest first.
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

    /// Every message of a conversation.
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
