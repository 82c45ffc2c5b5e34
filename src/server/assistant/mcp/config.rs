//! Reads `mcp.json`, which lists the MCP servers in the format that other programs use too. All
//! problems are reported at once.

use crate::server::base::masking::mask;
use axum::http::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    time::Duration,
};

/// Maximum number of servers.
const SERVERS_MAX: usize = 32;
/// Maximum length of a server's name, in characters: its tools' names begin with it.
const NAME_MAX_CHARS: usize = 24;
/// Default time limit of a call without progress, in seconds.
const DEFAULT_TIMEOUT_S: u64 = 60;
/// Maximum time limit in the file, in seconds.
const MAX_TIMEOUT_S: u64 = 3_600;

/// A configured server.
#[derive(Clone)]
pub struct ServerConfig {
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub transport: Transport,
    /// Whether its tools run without approval.
    pub trust: bool,
    /// Overrides by the server's own tool name: whether the tool needs approval.
    pub ask: HashMap<String, bool>,
    /// Time limit of a call without progress.
    pub timeout: Duration,
}

/// How a server is reached. Environment and headers may contain secrets and are never logged.
#[derive(Clone)]
pub enum Transport {
    /// A local program, connected by its standard input and output.
    Command {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Environment variables in addition to PATH and HOME.
        env: BTreeMap<String, String>,
        /// Its working directory; Holly's own by default.
        cwd: Option<PathBuf>,
    },
    /// A remote server, connected by HTTP.
    Url {
        /// Its URL.
        url: String,
        /// Sent with every request.
        headers: HashMap<HeaderName, HeaderValue>,
    },
}

/// Values of variables and headers are masked from this length in bytes; shorter ones are switches
/// and numbers.
const SECRET_MIN_BYTES: usize = 8;

impl ServerConfig {
    /// Masks secrets in `text`: whatever looks like one, and this server's variables and headers.
    pub(super) fn mask_secrets(&self, text: &str) -> String {
        let values: Vec<&str> = match &self.transport {
            Transport::Command { env, .. } => env.values().map(String::as_str).collect(),
            Transport::Url { headers, .. } => headers
                .values()
                .filter_map(|value| value.to_str().ok())
                .collect(),
        };
        let mut text = mask(text).0;
        for secret in values
            .into_iter()
            .filter(|value| value.len() >= SECRET_MIN_BYTES)
        {
            text = text.replace(secret, "[masked]");
        }
        text
    }
}

/// A server in the file.
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

/// Reads the servers in the file at `path`; none if there is no file. Errors: every problem of the
/// file, as sentences.
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
        serde_json::from_str(text).map_err(|error| vec![format!("is not JSON: {error}")])?;
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
        match parse_server(name, value) {
            Ok(config) => configs.extend(config),
            Err(found) => problems.extend(
                found
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

/// Parses a server; `None` if it is disabled.
fn parse_server(name: &str, value: &Value) -> Result<Option<ServerConfig>, Vec<String>> {
    let entry =
        Entry::deserialize(value).map_err(|error| vec![format!("cannot be read: {error}")])?;
    let mut problems = Vec::new();
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !(1..=NAME_MAX_CHARS).contains(&name.chars().count()) || !name.chars().all(is_allowed) {
        problems.push(format!(
            "must be named with 1 to {NAME_MAX_CHARS} letters, digits, dashes or underscores"
        ));
    }
    let seconds = entry.timeout_seconds.unwrap_or(DEFAULT_TIMEOUT_S);
    if !(1..=MAX_TIMEOUT_S).contains(&seconds) {
        problems.push(format!(
            "has timeoutSeconds {seconds}; it must be from 1 to {MAX_TIMEOUT_S}"
        ));
    }
    let (trust, ask, disabled) = (entry.trust, entry.ask.clone(), entry.disabled);
    match parse_transport(entry, &mut problems) {
        Some(transport) if problems.is_empty() => {
            let config = ServerConfig {
                name: name.to_owned(),
                transport,
                trust,
                ask,
                timeout: Duration::from_secs(seconds),
            };
            Ok(Some(config).filter(|_| !disabled))
        }
        _ => Err(problems),
    }
}

fn parse_transport(entry: Entry, problems: &mut Vec<String>) -> Option<Transport> {
    if entry.kind.as_deref().is_some_and(|kind| {
        !matches!(
            kind,
            "stdio" | "http" | "streamable-http" | "streamableHttp"
        )
    }) {
        problems.push("has an unknown type; it may be \"stdio\" or \"http\"".to_owned());
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
                problems.push(format!("has an invalid variable name {name:?} in env"));
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
                headers: parse_headers(entry.headers, problems),
            })
        }
        _ => {
            problems.push("must have either a command or a url".to_owned());
            None
        }
    }
}

fn parse_headers(
    entries: BTreeMap<String, String>,
    problems: &mut Vec<String>,
) -> HashMap<HeaderName, HeaderValue> {
    let mut headers = HashMap::new();
    for (name, value) in entries {
        match (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                headers.insert(name, value);
            }
            (Err(_), _) => problems.push(format!("has an invalid header name {name:?}")),
            (_, Err(_)) => problems.push(format!("has an invalid value for the header {name:?}")),
        }
    }
    headers
}
