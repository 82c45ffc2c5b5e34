//! The server's own log: text on a terminal, JSON otherwise.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Reads a level or a filter such as `holly=debug`. genai stays silent: it logs what providers answer, word by word, and
/// that may hold secrets. Errors: it is neither.
pub fn read_filter(filter: &str) -> Result<EnvFilter, String> {
    let silent = "genai=off".parse().expect("a target and a level");
    Ok(EnvFilter::try_new(filter).map_err(|why| format!("HOLLY_LOG is {filter:?}: {why}"))?.add_directive(silent))
}

/// Starts logging to standard error. Errors: `filter` cannot be read.
pub fn start(filter: &str) -> Result<(), String> {
    let filter = read_filter(filter)?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if std::io::stderr().is_terminal() { log.try_init() } else { log.json().try_init() };
    started.map_err(|why| why.to_string())
}
