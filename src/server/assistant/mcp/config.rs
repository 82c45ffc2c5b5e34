//! Reads `mcp.json`, which lists the MCP servers in the formats that Claude Desktop, VS Code,
//! Cline, Cursor and others write. A server that cannot be used is left out with the reason; fields
//! that Holly does not use are named.

use super::{fields::Fields, jsonc::without_comments, variables::Variables};
use crate::server::base::masking::mask;
use axum::http::{HeaderName, HeaderValue};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
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
    /// Whether tools that declare themselves read-only run without approval.
    pub trust_hints: bool,
    /// Email addresses of the users who have its tools; everybody by default.
    pub people: Option<HashSet<String>>,
    /// Time limit of a call without progress.
    pub timeout: Duration,
    /// What of its settings Holly does not use.
    pub notes: Vec<String>,
    /// Values of environment variables in its settings.
    secrets: Vec<String>,
}

/// A server of the file that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOutServer {
    /// Its name.
    pub name: String,
    /// Why, as predicates: "has an empty command".
    pub reason: String,
}

/// The servers of the file.
#[derive(Clone, Default)]
pub struct ServerList {
    /// Those that are used.
    pub servers: Vec<ServerConfig>,
    /// Those that are not.
    pub left_out: Vec<LeftOutServer>,
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
    /// Whether the user with this email address has its tools.
    pub(super) fn is_open_to(&self, email: Option<&str>) -> bool {
        self.people.as_ref().is_none_or(|people| {
            email.is_some_and(|email| people.contains(&email.trim().to_lowercase()))
        })
    }

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
            .chain(self.secrets.iter().map(String::as_str))
            .filter(|value| value.len() >= SECRET_MIN_BYTES)
        {
            text = text.replace(secret, "[masked]");
        }
        text
    }
}

/// What an environment variable is, if it is set.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads the servers in the file at `path`; none if there is no file. Errors: why the file cannot
/// be used at all.
pub fn read(path: &Path) -> Result<ServerList, Vec<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text, &|name| std::env::var(name).ok())
            .map_err(|problem| vec![format!("{}: {problem}", path.display())]),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(ServerList::default()),
        Err(error) => Err(vec![format!("{}: {error}", path.display())]),
    }
}

pub(super) fn parse(text: &str, lookup: Lookup<'_>) -> Result<ServerList, String> {
    let text = text.trim_start_matches('\u{feff}');
    let file: Value = serde_json::from_str(text)
        .or_else(|error| serde_json::from_str(&without_comments(text)).map_err(|_| error))
        .map_err(|error| format!("is not JSON: {error}"))?;
    let servers = ["/mcpServers", "/servers", "/mcp/servers"]
        .into_iter()
        .find_map(|place| file.pointer(place))
        .and_then(Value::as_object);
    let servers = servers
        .ok_or_else(|| r#"must look like {"mcpServers": {"name": {"command": "…"}}}"#.to_owned())?;
    if servers.len() > SERVERS_MAX {
        let count = servers.len();
        return Err(format!(
            "names {count} servers; at most {SERVERS_MAX} are allowed"
        ));
    }
    let mut list = ServerList::default();
    for (name, value) in servers {
        match parse_server(name, value, lookup) {
            Ok(config) => list.servers.extend(config),
            Err(problems) => list.left_out.push(LeftOutServer {
                name: name.clone(),
                reason: problems.join("; "),
            }),
        }
    }
    Ok(list)
}

/// Parses a server; `None` if it is disabled. Errors: every reason why it cannot be used.
fn parse_server(
    name: &str,
    value: &Value,
    lookup: Lookup<'_>,
) -> Result<Option<ServerConfig>, Vec<String>> {
    let fields = value.as_object();
    let mut fields = Fields::new(fields.ok_or_else(|| vec!["is not an object".to_owned()])?);
    if fields.switch("disabled") == Some(true) || fields.switch("enabled") == Some(false) {
        return Ok(None);
    }
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !(1..=NAME_MAX_CHARS).contains(&name.chars().count()) || !name.chars().all(is_allowed) {
        fields.problem(format!(
            "must be named with 1 to {NAME_MAX_CHARS} letters, digits, dashes or underscores"
        ));
    }
    let mut variables = Variables::new(lookup);
    let transport = parse_transport(&mut fields, &mut variables);
    let timeout = parse_timeout(&mut fields);
    let (trust, trust_hints) = (fields.switch("trust"), fields.switch("trustHints"));
    let ask = fields.switches("ask");
    let people = parse_people(&mut fields);
    let (problems, notes) = fields.finish();
    match transport {
        Some(transport) if problems.is_empty() => Ok(Some(ServerConfig {
            name: name.to_owned(),
            transport,
            trust: trust == Some(true),
            ask,
            trust_hints: trust_hints == Some(true),
            people,
            timeout,
            notes,
            secrets: variables.values,
        })),
        _ => Err([problems, notes].concat()),
    }
}

/// `timeoutSeconds`, or `timeout` as other programs write it: seconds up to [`MAX_TIMEOUT_S`],
/// milliseconds above.
fn parse_timeout(fields: &mut Fields<'_>) -> Duration {
    let other = fields.number("timeout").map(|timeout| match timeout {
        0..=MAX_TIMEOUT_S => timeout.max(1),
        _ => (timeout / 1_000).clamp(1, MAX_TIMEOUT_S),
    });
    let own = fields.number("timeoutSeconds");
    let seconds = own.or(other).unwrap_or(DEFAULT_TIMEOUT_S);
    if !(1..=MAX_TIMEOUT_S).contains(&seconds) {
        fields.problem(format!(
            "has timeoutSeconds {seconds}; it must be from 1 to {MAX_TIMEOUT_S}"
        ));
    }
    Duration::from_secs(seconds)
}

fn parse_people(fields: &mut Fields<'_>) -> Option<HashSet<String>> {
    if fields.is_null("people") {
        fields.problem("has no list in people; leave it out for everybody".to_owned());
    }
    let people = fields.texts("people")?;
    for person in people.iter().filter(|person| !person.contains('@')) {
        fields.problem(format!(
            "has {person:?} in people; it must be an address such as ada@example.org"
        ));
    }
    let people = people.iter().map(|person| person.trim().to_lowercase());
    Some(people.collect())
}

fn parse_transport(fields: &mut Fields<'_>, variables: &mut Variables<'_>) -> Option<Transport> {
    let kind = fields.text(&["type", "transport", "transportType"]);
    check_type(fields, kind.as_deref());
    let command = fields.filled(&["command"], variables);
    let url = fields.filled(&["url", "serverUrl", "httpUrl"], variables);
    let args = fields.filled_texts("args", variables);
    let env = fields.filled_map("env", variables);
    let headers = fields.filled_map("headers", variables);
    let cwd = fields.filled(&["cwd"], variables);
    match (command, url) {
        (Some(command), None) => {
            if command.trim().is_empty() {
                fields.problem("has an empty command".to_owned());
            }
            for name in env
                .keys()
                .filter(|name| name.is_empty() || name.contains(['=', '\0']))
            {
                fields.problem(format!("has an invalid variable name {name:?} in env"));
            }
            Some(Transport::Command {
                command,
                args,
                env,
                cwd: cwd.map(PathBuf::from),
            })
        }
        (None, Some(url)) => {
            if !(url.starts_with("http://") || url.starts_with("https://")) {
                fields.problem("has a url that does not begin with http:// or https://".to_owned());
            }
            let headers = parse_headers(headers, fields);
            Some(Transport::Url { url, headers })
        }
        _ => {
            // a field that could not be read was reported
            if !fields.has_problems() {
                fields.problem("must have either a command or a url".to_owned());
            }
            None
        }
    }
}

fn check_type(fields: &mut Fields<'_>, kind: Option<&str>) {
    let Some(kind) = kind else { return };
    let known: String = kind
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    match known.as_str() {
        "stdio" | "local" | "http" | "streamablehttp" => {}
        "sse" => fields.problem(
            "has the type \"sse\", the old HTTP transport of MCP, which Holly does not support; \
             if the server has an address for streamable HTTP, use that with the type \"http\""
                .to_owned(),
        ),
        _ => fields.problem(format!(
            "has the type {kind:?}, which Holly does not support; it may be \"stdio\" or \"http\""
        )),
    }
}

fn parse_headers(
    entries: BTreeMap<String, String>,
    fields: &mut Fields<'_>,
) -> HashMap<HeaderName, HeaderValue> {
    let mut headers = HashMap::new();
    for (name, value) in entries {
        match (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                headers.insert(name, value);
            }
            (Err(_), _) => fields.problem(format!("has an invalid header name {name:?}")),
            (_, Err(_)) => fields.problem(format!("has an invalid value for the header {name:?}")),
        }
    }
    headers
}
