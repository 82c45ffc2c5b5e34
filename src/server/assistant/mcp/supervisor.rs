//! Keeps a server running: connects, lists its tools, reconnects when it ends, and stops it with
//! Holly.

use super::{
    connect::{Connected, connect},
    handler::Handler,
    listing,
    server::{Server, ServerStatus},
};
use crate::server::base::{log_targets, visible::visible};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};

/// Minimum time between two readings of a server's list of tools, however often it changes.
const LIST_INTERVAL: Duration = Duration::from_secs(1);
/// Timeout of stopping a server; Holly's shutdown waits no longer.
const STOP_TIMEOUT: Duration = Duration::from_secs(8);
/// Delay before a server is restarted: the first one, doubled each time up to the last one.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));
/// A server whose tools were available this long restarts with the first delay again.
const BACKOFF_RESET_AFTER: Duration = Duration::from_secs(60);

/// Maximum length of the reason why a server is down, in characters.
const REASON_MAX_CHARS: usize = 500;

/// The delay before the next restart.
struct Backoff(Duration);

impl Backoff {
    /// The delay after a run in which the tools were available for `up`.
    fn next(&mut self, up: Duration) -> Duration {
        if up >= BACKOFF_RESET_AFTER {
            self.0 = BACKOFF.0;
        }
        let delay = self.0;
        self.0 = (delay * 2).min(BACKOFF.1);
        delay
    }
}

/// Keeps a server running until shutdown.
pub(super) async fn keep(server: Arc<Server>) {
    let mut backoff = Backoff(BACKOFF.0);
    while !server.owner.shutdown.is_cancelled() {
        let (reason, up) = tokio::select! {
            () = server.owner.shutdown.cancelled() => return,
            connected = start(&server) => match connected {
                Ok((connected, changed)) => run(&server, connected, &changed).await,
                Err(reason) => (reason, Duration::ZERO),
            },
        };
        if server.owner.shutdown.is_cancelled() {
            return;
        }
        let delay = backoff.next(up);
        let reason: String = visible(&reason).chars().take(REASON_MAX_CHARS).collect();
        tracing::warn!(
            target: log_targets::ASSISTANT_MCP_SUPERVISOR,
            server = server.name(),
            why = reason,
            delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            "an MCP server is down; restarting it"
        );
        server.status.send_replace(ServerStatus::Down { reason });
        tokio::select! {
            () = server.owner.shutdown.cancelled() => return,
            () = tokio::time::sleep(delay) => {}
        }
    }
}

async fn start(server: &Arc<Server>) -> Result<(Connected, Arc<Notify>), String> {
    let changed = Arc::new(Notify::new());
    let handler = Handler {
        progress: server.progress.clone(),
        changed: changed.clone(),
    };
    Ok((
        connect(&server.config, handler, &server.owner).await?,
        changed,
    ))
}

/// Serves a connection until it ends or Holly shuts down. Returns why it ended, and for how long
/// the tools were available.
async fn run(
    server: &Arc<Server>,
    Connected {
        connection,
        process,
    }: Connected,
    changed: &Notify,
) -> (String, Duration) {
    let peer = connection.peer().clone();
    let stop = connection.cancellation_token();
    let mut ended = Box::pin(connection.waiting());
    let mut ready_since: Option<Instant> = None;
    let up = |since: Option<Instant>| since.map_or(Duration::ZERO, |since| since.elapsed());
    let reason = loop {
        let listed = tokio::select! {
            () = server.owner.shutdown.cancelled() => break "Holly ends".to_owned(),
            _ = &mut ended => return ("it ended".to_owned(), up(ready_since)),
            listed = listing::read(server, &peer) => listed,
        };
        match listed {
            Ok(listing) => server.ready(peer.clone(), listing, process),
            Err(reason) => break reason,
        }
        ready_since.get_or_insert_with(Instant::now);
        let next_change = async {
            tokio::time::sleep(LIST_INTERVAL).await;
            changed.notified().await;
        };
        tokio::select! {
            () = server.owner.shutdown.cancelled() => break "Holly ends".to_owned(),
            _ = &mut ended => return ("it ended".to_owned(), up(ready_since)),
            () = next_change => {}
        }
    };
    stop.cancel();
    if timeout(STOP_TIMEOUT, ended).await.is_err() {
        tracing::warn!(
            target: log_targets::ASSISTANT_MCP_SUPERVISOR,
            server = server.name(),
            "an MCP server took too long to stop; killing it"
        );
    }
    (reason, up(ready_since))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_back_off_until_a_server_has_been_up_for_a_while() {
        let mut backoff = Backoff(BACKOFF.0);
        let mut delays = |up: &[u64]| -> Vec<u128> {
            up.iter()
                .map(|up| backoff.next(Duration::from_secs(*up)).as_millis())
                .collect()
        };
        assert_eq!(delays(&[0, 1, 0, 59]), [500, 1_000, 2_000, 4_000]);
        assert_eq!(delays(&[0, 0, 0, 0, 0])[3..], [60_000, 60_000]);
        assert_eq!(delays(&[60, 0, 3_600]), [500, 1_000, 500]);
    }
}
