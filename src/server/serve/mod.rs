//! Starts the server, serves and shuts down. On SIGTERM or Ctrl-C streams end, turns are settled
//! and commits in progress finish; after ten seconds the process exits regardless. What is served
//! is in `http::router`.

pub mod check;
pub mod connection_limiter;
pub mod listener;
pub mod open_files;
pub mod workers;

use super::{
    base::{clock::Clock, error::StoreError},
    http::router::router,
    identity,
    state::{App, Prepared, config::Config, join_problems, site::Site},
};
use crate::{app::shell, server::base::error::Error};
use connection_limiter::ConnectionLimits;
use listener::Deadlines;
use std::{io, net::SocketAddr, time::Duration};
use tokio::{net::TcpListener, signal::unix::SignalKind};

/// How long an orderly shutdown may take before connections are dropped.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(9);

/// Why the server did not start or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Settings that cannot be used; each names the setting, the reason and what to do.
    #[error("{}", join_problems(.0))]
    Settings(Vec<String>),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Unfinished work of an earlier process could not be settled.
    #[error(transparent)]
    Unsettled(#[from] Error),
    /// The address cannot be listened on.
    #[error("HOLLY_ADDR {}: {}", .0, listen_problem(.1))]
    Listen(SocketAddr, io::Error),
}

fn listen_problem(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "address already in use; choose another port, or stop the program that uses it".into()
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine does not have that address; choose one that it has, or 0.0.0.0 for all"
                .into()
        }
        io::ErrorKind::PermissionDenied => {
            format!("{error}; choose a port above 1023, or allow Holly to use this one")
        }
        _ => format!("{error}; choose another address"),
    }
}

/// Serves until SIGTERM or Ctrl-C.
pub async fn serve(config: Config, clock: Clock) -> Result<(), ServeError> {
    let addr = config.addr;
    let open_files = open_files::raise_limit();
    let limits = ConnectionLimits::new(
        open_files,
        config.max_connections_per_address,
        &config.proxies,
    );
    let listen_error = |why| ServeError::Listen(addr, why);
    let mut problems = Vec::new();
    // tried before anything is opened; the port is taken when the server is ready
    let free = std::net::TcpListener::bind(addr).map(drop);
    problems.extend(free.map_err(listen_error).err().map(|why| why.to_string()));
    let site = Site::find(config.site_dir.as_deref());
    problems.extend(site.as_ref().err().map(ToString::to_string));
    let prepared = Prepared::new(&config, &mut problems).await;
    let (Ok(site), Some(prepared)) = (site, prepared) else {
        return Err(ServeError::Settings(problems));
    };
    let app = App::start(prepared, config, clock, site).await?;
    workers::settle_unfinished_work(&app).await?;
    let listener = TcpListener::bind(addr).await.map_err(listen_error)?;
    let local = listener.local_addr().map_err(listen_error)?;
    workers::start(&app);
    let setup_code = if app.config.needs_setup_code() && app.config.oidc.local_accounts {
        identity::setup_code(&app.store).await?
    } else {
        None
    };
    announce(&app, local, setup_code);
    listen(&app, listener, limits).await;
    app.store.close().await;
    Ok(())
}

async fn listen(app: &App, listener: TcpListener, limits: ConnectionLimits) {
    let shut_down = async {
        let router = router(app.clone(), shell);
        let (deadlines, shutdown) = (Deadlines::default(), app.shutdown.clone());
        listener::serve(listener, router, limits, deadlines, shutdown).await;
        app.tasks.wait().await;
    };
    let time_out = async {
        shutdown_signal().await;
        tracing::info!("shutting down");
        app.shutdown.cancel();
        app.tasks.close();
        tokio::time::sleep(SHUTDOWN_TIMEOUT).await;
        tracing::warn!("the shutdown timed out; open connections were dropped");
    };
    tokio::select! {
        () = shut_down => {}
        () = time_out => {}
    }
}

async fn shutdown_signal() {
    let mut terminate =
        tokio::signal::unix::signal(SignalKind::terminate()).expect("SIGTERM can be handled");
    tokio::select! {
        _ = terminate.recv() => {}
        ended = tokio::signal::ctrl_c() => if ended.is_err() { std::future::pending::<()>().await },
    }
}

#[expect(clippy::print_stdout, reason = "the user waits for the address")]
fn announce(app: &App, local: SocketAddr, setup_code: Option<String>) {
    let address = app
        .config
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://{local}"));
    println!("Holly is at {address}");
    if app.config.public_url.is_some() {
        println!("listening on http://{local}");
    }
    if let Some(code) = setup_code {
        println!("Setup code: {code}");
        println!("Create the first account at {address}/welcome?code={code}");
    }
}
