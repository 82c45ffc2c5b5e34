//! Serving: open everything, listen, and end in order. On SIGTERM or Ctrl-C streams end, turns are
//! settled, commits under way finish; after ten seconds the process ends regardless.

pub mod check;
pub mod listener;
pub mod workers;

use super::{
    base::{clock::Clock, error::StoreError},
    http::router::router,
    state::{App, config::Config, site::Site},
};
use crate::{app::shell, server::base::error::Error};
use listener::Deadlines;
use std::{net::SocketAddr, time::Duration};
use tokio::{net::TcpListener, signal::unix::SignalKind};

/// How long the end may take.
const PATIENCE_AT_THE_END: Duration = Duration::from_secs(9);

/// Why the server did not start or broke off.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Database, data folder or site.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What a dead process left could not be settled.
    #[error(transparent)]
    LeftOvers(#[from] Error),
    /// The address.
    #[error("HOLLY_ADDR {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
}

/// Serves until it is told to end.
pub async fn serve(config: Config, clock: Clock) -> Result<(), ServeError> {
    let site = Site::find(config.site_dir.as_deref())?;
    let addr = config.addr;
    let app = App::open(config, clock, site).await?;
    workers::settle_left_overs(&app).await?;
    let listener = TcpListener::bind(addr)
        .await
        .map_err(|why| ServeError::Listen(addr, why))?;
    let local = listener
        .local_addr()
        .map_err(|why| ServeError::Listen(addr, why))?;
    workers::start(&app);
    announce(&app, local);
    listen(&app, listener).await;
    app.store.close().await;
    Ok(())
}

async fn listen(app: &App, listener: TcpListener) {
    let orderly = async {
        let router = router(app.clone(), shell);
        listener::serve(listener, router, Deadlines::default(), app.shutdown.clone()).await;
        app.tasks.wait().await;
    };
    let cut_off = async {
        told_to_end().await;
        tracing::info!("ending");
        app.shutdown.cancel();
        app.tasks.close();
        tokio::time::sleep(PATIENCE_AT_THE_END).await;
        tracing::warn!("some connections were cut off");
    };
    tokio::select! {
        () = orderly => {}
        () = cut_off => {}
    }
}

async fn told_to_end() {
    let mut terminate =
        tokio::signal::unix::signal(SignalKind::terminate()).expect("SIGTERM can be listened for");
    tokio::select! {
        _ = terminate.recv() => {}
        ended = tokio::signal::ctrl_c() => if ended.is_err() { std::future::pending::<()>().await },
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the address is what a person waits for"
)]
fn announce(app: &App, local: SocketAddr) {
    let address = app
        .config
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://{local}"));
    println!("Holly is at {address}");
    if app.config.public_url.is_some() {
        println!("listening on http://{local}");
    }
}
