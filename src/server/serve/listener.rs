//! Serves HTTP on a socket, with limits on connections and deadlines for slow peers. The write
//! deadline is in the socket itself: hyper does not poll a body while its socket is full, so a
//! timer inside a stream would not run.

use super::connection_limiter::{ConnectionLimiter, ConnectionLimits};
use crate::server::{base::log_targets, http::extract::Peer};
use axum::{
    Router,
    extract::{ConnectInfo, Request},
    serve::Listener,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::{MissedTickBehavior, Sleep, interval, sleep},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tower_http::timeout::RequestBodyTimeoutLayer;

/// Requests that one HTTP/2 connection may have open. A browser has one live feed and few others.
const HTTP_2_STREAMS: u32 = 100;
/// How often connections that were over a limit are logged.
const REFUSED_INTERVAL: Duration = Duration::from_secs(60);

/// Deadlines of a peer. A whole request has none: uploads, exports, retention runs and long polls
/// take as long as they need.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// To send a whole request head, also for the pause between two requests.
    pub head: Duration,
    /// To send the next chunk of a request body.
    pub body: Duration,
    /// To read some of the response.
    pub write: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
            write: Duration::from_secs(30),
        }
    }
}

/// Serves connections until `shutdown`, and returns when the last one has ended.
pub async fn serve(
    mut listener: TcpListener,
    app: Router,
    limits: ConnectionLimits,
    deadlines: Deadlines,
    shutdown: CancellationToken,
) {
    let app = app.layer(RequestBodyTimeoutLayer::new(deadlines.body));
    let builder = connection_builder(deadlines);
    let connections = GracefulShutdown::new();
    let limiter = ConnectionLimiter::new(limits);
    let mut minutes = interval(REFUSED_INTERVAL);
    minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = shutdown.cancelled() => break,
            _ = minutes.tick() => {
                log_refused(&limiter);
                continue;
            }
        };
        let Some(permit) = limiter.acquire(peer.ip()) else {
            continue;
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(
                target: log_targets::SERVE_LISTENER,
                %error, "TCP_NODELAY cannot be set"
            );
        }
        let has_request = Arc::new(AtomicBool::new(false));
        let requested = has_request.clone();
        let service = app.clone().map_request(move |mut request: Request<_>| {
            requested.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(ConnectInfo(Peer(peer)));
            request
        });
        let stream = TokioIo::new(DeadlineStream::new(stream, deadlines.write));
        let connection = builder.serve_connection(stream, TowerToHyperService::new(service));
        let connection = connections.watch(connection.into_owned());
        tokio::spawn(async move {
            tokio::select! {
                // a received request is answered, however late this task runs
                biased;
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(
                        target: log_targets::SERVE_LISTENER,
                        %error, "a connection failed"
                    );
                },
                () = no_request(&has_request, deadlines.head) => {}
            }
            drop(permit);
        });
    }
    drop(listener);
    connections.shutdown().await;
}

fn connection_builder(deadlines: Deadlines) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(deadlines.head);
    // a peer that stalls within an HTTP/2 head does not answer this ping
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP_2_STREAMS)
        .keep_alive_interval(deadlines.head)
        .keep_alive_timeout(deadlines.head);
    builder
}

fn log_refused(limiter: &ConnectionLimiter) {
    if let Some(refused) = limiter.take_refused() {
        tracing::warn!(
            target: log_targets::SERVE_LISTENER,
            by_address = refused.by_address, in_all = refused.in_all,
            "connections were closed because as many were open as may be: from one address \
             HOLLY_MAX_CONNECTIONS_PER_ADDRESS, in all half of the open-file limit (LimitNOFILE, \
             ulimit -n)"
        );
    }
}

/// Returns if no request is received in time: hyper runs no timer until it knows whether a
/// connection uses HTTP/1 or HTTP/2.
async fn no_request(has_request: &AtomicBool, deadline: Duration) {
    sleep(deadline).await;
    if has_request.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

/// A connection that fails once a write makes no progress for too long.
pub struct DeadlineStream<S = TcpStream> {
    inner: S,
    write_deadline: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> DeadlineStream<S> {
    const fn new(inner: S, write_deadline: Duration) -> Self {
        Self {
            inner,
            write_deadline,
            stalled: None,
        }
    }

    fn check_progress<T>(
        &mut self,
        context: &mut Context<'_>,
        progress: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if progress.is_ready() {
            self.stalled = None;
            return progress;
        }
        let deadline = self.write_deadline;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(sleep(deadline)));
        match stalled.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the peer does not read",
            ))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for DeadlineStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for DeadlineStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let progress = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.check_progress(context, progress)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let progress = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.check_progress(context, progress)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// A connection with this write deadline, and its peer.
    async fn connection(write_deadline: Duration) -> (DeadlineStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        (DeadlineStream::new(stream, write_deadline), peer)
    }

    #[tokio::test]
    async fn a_write_fails_after_its_deadline() {
        let (mut stream, _peer) = connection(Duration::from_millis(50)).await;
        let chunk = [0; 65_536];
        let error = loop {
            if let Err(error) = stream.write_all(&chunk).await {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_peer_that_makes_progress_gets_everything() {
        let (inner, mut peer) = tokio::io::duplex(8);
        let mut stream = DeadlineStream::new(inner, Duration::from_secs(30));
        let writing = tokio::spawn(async move { stream.write_all(&[7; 40]).await });
        for _ in 0..5 {
            sleep(Duration::from_secs(27)).await;
            peer.read_exact(&mut [0; 8]).await.unwrap();
        }
        writing.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_peer_that_reads_late_gets_everything() {
        const WHOLE: usize = 32 * 1024 * 1024;
        let (mut stream, mut peer) = connection(Deadlines::default().write).await;
        let writing = tokio::spawn(async move { stream.write_all(&vec![7; WHOLE]).await });
        let mut read = Vec::new();
        peer.read_to_end(&mut read).await.unwrap();
        assert!(writing.await.unwrap().is_ok());
        assert_eq!(read.len(), WHOLE);
    }
}
