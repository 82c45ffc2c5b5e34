//! Serving: open everything, listen, and end in order. On SIGTERM or Ctrl-C streams end, turns are settled, commits
//! under way finish; after ten seconds the process ends regardless.

use super::{
    clock::Clock,
    config::Config,
    listener::{DeadlineListener, PATIENCE, Peer},
    router::router,
    site::Site,
    state::App,
    store::StoreError,
    workers,
};
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
    LeftOvers(#[from] super::error::Error),
    /// The address.
    #[error("HOLLY_ADDR {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// The listening socket broke.
    #[error("serving: {0}")]
    Serve(std::io::Error),
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
    listen(app, listener).await
}

async fn listen(app: App, listener: TcpListener) -> Result<(), ServeError> {
    let service = router(app.clone()).into_make_service_with_connect_info::<Peer>();
    let shutdown = app.shutdown.clone();
    let serving = axum::serve(DeadlineListener::new(listener, PATIENCE), service)
        .with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let mut serving = tokio::spawn(serving.into_future());
    tokio::select! {
        ended = &mut serving => return ended.unwrap_or_else(|panic| Err(std::io::Error::other(panic))).map_err(ServeError::Serve),
        () = told_to_end() => {}
    }
    tracing::info!("ending");
    shutdown.cancel();
    app.tasks.close();
    let orderly = async {
        app.tasks.wait().await;
        serving
            .await
            .unwrap_or_else(|panic| Err(std::io::Error::other(panic)))
    };
    match tokio::time::timeout(PATIENCE_AT_THE_END, orderly).await {
        Ok(ended) => ended.map_err(ServeError::Serve)?,
        Err(_) => tracing::warn!("some connections were cut off"),
    }
    app.store.close().await;
    Ok(())
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
