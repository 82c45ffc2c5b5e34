//! The server's log on standard error: text on a terminal, JSON otherwise.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Libraries that log the content of requests and responses, which may contain secrets.
const SILENCED: [&str; 1] = ["rmcp=off"];

/// Parses a level or a filter such as `holly=debug`; [`SILENCED`] libraries stay off. Errors: the
/// setting and what is wrong with it.
pub fn read_filter(filter: &str) -> Result<EnvFilter, String> {
    let filter = EnvFilter::try_new(filter).map_err(|why| {
        format!("HOLLY_LOG is {filter:?}: {why}; use a level such as info, or holly=debug")
    })?;
    Ok(SILENCED.iter().fold(filter, |filter, target| {
        filter.add_directive(target.parse().expect("a target and a level"))
    }))
}

/// Starts logging to standard error. Errors: `filter` is not valid.
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
