//! The server's own log: text on a terminal, JSON otherwise.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Libraries that log, word by word, what is said to and by others: that may hold secrets.
const SILENT: [&str; 2] = ["genai=off", "rmcp=off"];

/// Reads a level or a filter such as `holly=debug`; [`SILENT`] libraries stay so. Errors: it is
/// neither.
pub fn read_filter(filter: &str) -> Result<EnvFilter, String> {
    let filter =
        EnvFilter::try_new(filter).map_err(|why| format!("HOLLY_LOG is {filter:?}: {why}"))?;
    Ok(SILENT.iter().fold(filter, |filter, target| {
        filter.add_directive(target.parse().expect("a target and a level"))
    }))
}

/// Starts logging to standard error. Errors: `filter` cannot be read.
pub fn start(filter: &str) -> Result<(), String> {
    let filter = read_filter(filter)?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = if std::io::stderr().is_terminal() {
        log.try_init()
    } else {
        log.json().try_init()
    };
    started.map_err(|why| why.to_string())
}
