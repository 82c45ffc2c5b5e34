//! `mcp.json`: which servers there are, in the shape that other programs use too. Everything wrong
//! with it is said at once.

use crate::server::base::masking::mask;
use axum::http::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    time::Duration,
};

/// Most servers.
const SERVERS_MAX: usize = 32;
/// Longest name of a server, in characters: it stands before each of its tools' names.
const NAME_MAX_CHARS: usize = 24;
/// How long a call may go without a sign of life, unless the file says otherwise, in seconds.
const TIMEOUT_DEFAULT_S: u64 = 60;
/// The longest that the file may say, in seconds.
const TIMEOUT_MAX_S: u64 = 3_600;

/// One server.
#[derive(Clone)]
pub struct ServerConfig {
    /// What it is called.
    pub name: String,
    /// How it is reached.
    pub reach: Transport,
    /// Whether none of its tools asks before it writes or sends.
    pub trust: bool,
    /// Tools, by the server's name for them, that ask or do not ask whatever they say of
    /// themselves.
    pub ask: HashMap<String, bool>,
    /// How long a call may go without a sign of life.
    pub timeout: Duration,
}

/// How a server is reached. Environment and headers may hold secrets: they are never logged.
#[derive(Clone)]
pub enum Transport {
    /// A program of this machine, spoken to over its standard input and output.
    Command {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// What it finds in its environment, beside PATH and HOME.
        env: BTreeMap<String, String>,
        /// Where it runs; Holly's own folder otherwise.
        cwd: Option<PathBuf>,
    },
    /// A server elsewhere, over HTTP.
    Url {
        /// Its address.
        url: String,
        /// Sent with every request.
        headers: HashMap<HeaderName, HeaderValue>,
    },
}

/// Shortest value of a variable or header that is taken for a secret, in bytes: shorter ones are
/// switches and numbers.
const SECRET_MIN_BYTES: usize = 8;

impl ServerConfig {
    /// `text` without secrets: what looks like one, and whatever the file gives this server as
    /// variable or header.
    pub(super) fn conceal(&self, text: &str) -> String {
        let given: Vec<&str> = match &self.reach {
            Transport::Command { env, .. } => env.values().map(String::as_str).collect(),
            Transport::Url { headers, .. } => headers
                .values()
                .filter_map(|value| value.to_str().ok())
                .collect(),
        };
        let mut text = mask(text).0;
        for secret in given
            .into_iter()
            .filter(|value| value.len() >= SECRET_MIN_BYTES)
        {
            text = text.replace(secret, "[masked]");
        }
        text
    }
}

/// A server as the file has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Entry {
    #[serde(rename = "type")]
    kind: Option<String>,
    command: Option<String>,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    cwd: Option<PathBuf>,
    url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    trust: bool,
    #[serde(default)]
    ask: HashMap<String, bool>,
    timeout_seconds: Option<u64>,
    #[serde(default)]
    disabled: bool,
}

/// The servers that the file at `path` names; none where there is no file. Errors: every problem of
/// the file, as sentences.
pub fn read(path: &Path) -> Result<Vec<ServerConfig>, Vec<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text).map_err(|problems| {
            problems
                .into_iter()
                .map(|problem| format!("{}: {problem}", path.display()))
                .collect()
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(vec![format!("{}: {error}", path.display())]),
    }
}

pub(super) fn parse(text: &str) -> Result<Vec<ServerConfig>, Vec<String>> {
    let file: Value =
        serde_json::from_str(text).map_err(|why| vec![format!("is not JSON: {why}")])?;
    let servers = file.get("mcpServers").and_then(Value::as_object);
    let servers = servers.ok_or_else(|| {
        vec![r#"must look like {"mcpServers": {"name": {"command": "…"}}}"#.to_owned()]
    })?;
    let (mut configs, mut problems) = (Vec::new(), Vec::new());
    if servers.len() > SERVERS_MAX {
        problems.push(format!(
            "names {} servers; at most {SERVERS_MAX} are allowed",
            servers.len()
        ));
    }
    for (name, value) in servers {
        match one(name, value) {
            Ok(config) => configs.extend(config),
            Err(wrong) => problems.extend(
                wrong
                    .into_iter()
                    .map(|problem| format!("server {name:?} {problem}")),
            ),
        }
    }
    if problems.is_empty() {
        Ok(configs)
    } else {
        Err(problems)
    }
}

/// One server; `None` when it is disabled.
fn one(name: &str, value: &Value) -> Result<Option<ServerConfig>, Vec<String>> {
    let entry = Entry::deserialize(value).map_err(|why| vec![format!("cannot be read: {why}")])?;
    let mut problems = Vec::new();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !(1..=NAME_MAX_CHARS).contains(&name.chars().count()) || !name.chars().all(plain) {
        problems.push(format!(
            "must be named with 1 to {NAME_MAX_CHARS} letters, digits, dashes or underscores"
        ));
    }
    let seconds = entry.timeout_seconds.unwrap_or(TIMEOUT_DEFAULT_S);
    if !(1..=TIMEOUT_MAX_S).contains(&seconds) {
        problems.push(format!(
            "has timeoutSeconds {seconds}; it must be from 1 to {TIMEOUT_MAX_S}"
        ));
    }
    let (trust, ask, disabled) = (entry.trust, entry.ask.clone(), entry.disabled);
    match reach(entry, &mut problems) {
        Some(reach) if problems.is_empty() => {
            let config = ServerConfig {
                name: name.to_owned(),
                reach,
                trust,
                ask,
                timeout: Duration::from_secs(seconds),
            };
            Ok(Some(config).filter(|_| !disabled))
        }
        _ => Err(problems),
    }
}

fn reach(entry: Entry, problems: &mut Vec<String>) -> Option<Transport> {
    if entry.kind.as_deref().is_some_and(|kind| {
        !matches!(
            kind,
            "stdio" | "http" | "streamable-http" | "streamableHttp"
        )
    }) {
        problems.push("has a type that is not known; it may be \"stdio\" or \"http\"".to_owned());
    }
    match (entry.command, entry.url) {
        (Some(command), None) => {
            if command.trim().is_empty() {
                problems.push("has an empty command".to_owned());
            }
            for name in entry
                .env
                .keys()
                .filter(|name| name.is_empty() || name.contains(['=', '\0']))
            {
                problems.push(format!(
                    "has a variable {name:?} in env, which cannot be one"
                ));
            }
            Some(Transport::Command {
                command,
                args: entry.args,
                env: entry.env,
                cwd: entry.cwd,
            })
        }
        (None, Some(url)) => {
            if !(url.starts_with("http://") || url.starts_with("https://")) {
                problems.push("has a url that does not begin with http:// or https://".to_owned());
            }
            Some(Transport::Url {
                url,
                headers: headers(entry.headers, problems),
            })
        }
        _ => {
            problems.push("must have either a command or a url".to_owned());
            None
        }
    }
}

fn headers(
    given: BTreeMap<String, String>,
    problems: &mut Vec<String>,
) -> HashMap<HeaderName, HeaderValue> {
    let mut headers = HashMap::new();
    for (name, value) in given {
        match (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                headers.insert(name, value);
            }
            (Err(_), _) => problems.push(format!("has a header {name:?}, which cannot be one")),
            (_, Err(_)) => problems.push(format!(
                "has a value for the header {name:?} that cannot be sent"
            )),
        }
    }
    headers
}
